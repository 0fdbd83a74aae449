import type { AuditOrigin } from '@app/audit';
import { ApiKeyService } from '@app/callers';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '../../http/documented.js';
import { Origin } from '../../http/origin.decorator.js';
import { type ListView, PageDto, toListView } from '../../http/page.dto.js';
import { Roles } from '../../http/roles.decorator.js';
import {
  ApiKeyDto,
  ApiKeyPageDto,
  ApiKeyParams,
  IssuedKeyDto,
  NewApiKeyDto,
  toApiKeyDto,
  toIssuedKeyDto,
} from './api-key.dto.js';
import { CallerParams, timeOf } from './caller.dto.js';

/** API keys of a caller. */
@ApiTags('Callers')
@ApiBearerAuth()
@Roles('admin')
@Controller('admin/callers/:caller/keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeyService) {}

  @Post()
  @ApiOperation({ summary: 'Issue a further key, which is shown only here; those the caller has stay good' })
  @ApiBody({ type: NewApiKeyDto, required: false })
  @ApiCreatedResponse({ type: IssuedKeyDto })
  async issue(
    @Origin() origin: AuditOrigin,
    @Param() { caller }: CallerParams,
    @Body() { expires_at }: NewApiKeyDto,
  ): Promise<IssuedKeyDto> {
    return toIssuedKeyDto(await this.keys.issue(origin, caller, timeOf(expires_at)));
  }

  @Get()
  @ApiOperation({ summary: "List a caller's keys, oldest first, the revoked among them" })
  @ApiOkResponse({ type: ApiKeyPageDto })
  async list(@Param() { caller }: CallerParams, @Query() page: PageDto): Promise<ListView<ApiKeyDto>> {
    return toListView(await this.keys.list(caller, page), toApiKeyDto);
  }

  @Delete(':key_id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke a key: at once on this replica, within two seconds on others' })
  @ApiNoContentResponse()
  async revoke(@Origin() origin: AuditOrigin, @Param() { caller, key_id }: ApiKeyParams): Promise<void> {
    await this.keys.revoke(origin, caller, key_id);
  }
}
