import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '../../http/documented.js';
import type { AuditOrigin } from '@app/audit';
import { keyOfCursor, toPage } from '@app/common';
import { KeyRotationService } from '@app/connections';
import { Origin } from '../../http/origin.decorator.js';
import { PageDto } from '../../http/page.dto.js';
import { Roles } from '../../http/roles.decorator.js';
import { RotateDto } from './key.dto.js';
import { KeysView, toKeysView } from './key.view.js';

const KEY_ID = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** The keys that seal what is stored. */
@ApiTags('administration')
@ApiBearerAuth()
@Roles('admin')
@Controller('admin/keys')
export class KeysController {
  constructor(private readonly keys: KeyRotationService) {}

  @Get()
  @ApiOperation({ summary: 'Encryption keys by id, their states, what needs them, and the rotation that is under way' })
  @ApiOkResponse({ type: KeysView })
  async list(@Query() { limit, cursor }: PageDto): Promise<KeysView> {
    const after = cursor === undefined ? '' : keyOfCursor(cursor, KEY_ID);
    const status = await this.keys.status();
    const rest = status.keys.filter(({ id }) => id > after).toSorted((one, other) => (one.id < other.id ? -1 : 1));
    return toKeysView(
      status,
      toPage(rest, limit, ({ id }) => id),
    );
  }

  @Post('rotate')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Has a key seal from now on, once every live replica opens it; what is stored is re-wrapped. Repeatable',
  })
  @ApiAcceptedResponse({ type: KeysView })
  async rotate(@Origin() origin: AuditOrigin, @Body() body: RotateDto): Promise<KeysView> {
    const status = await this.keys.rotate(origin, body);
    return toKeysView(status, { items: status.keys, nextCursor: null });
  }
}
