import { AuditEvents, AuditLookup, type AuditOrigin } from '@app/audit';
import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '../http/documented.js';
import { Origin } from '../http/origin.decorator.js';
import { type ListView, toListView } from '../http/page.dto.js';
import { Roles } from '../http/roles.decorator.js';
import { type AuditEventDto, AuditPageDto, toAuditEventDto } from './audit-event.dto.js';
import { AuditLookupBody, AuditLookupDto } from './audit-lookup.dto.js';
import { AuditQueryDto, toAuditQuery } from './audit-query.dto.js';

/** The log over HTTP, for auditors. */
@ApiTags('audit')
@ApiBearerAuth()
@Roles('auditor', 'admin')
@Controller('audit')
export class AuditController {
  constructor(
    private readonly events: AuditEvents,
    private readonly lookup: AuditLookup,
  ) {}

  @Get('events')
  @ApiOperation({ summary: 'Events of the log, newest first' })
  @ApiOkResponse({ type: AuditPageDto })
  async search(@Query() query: AuditQueryDto): Promise<ListView<AuditEventDto>> {
    return toListView(await this.events.search(toAuditQuery(query)), toAuditEventDto);
  }

  @Post('lookup')
  @HttpCode(200)
  @ApiOperation({ summary: 'Who was given this token, when, and whether it is still live' })
  @ApiOkResponse({ type: AuditLookupDto })
  async lookUp(@Body() { token }: AuditLookupBody, @Origin() origin: AuditOrigin): Promise<AuditLookupDto> {
    const { live, items } = await this.lookup.lookUp(origin, token);
    return { live, items: items.map(toAuditEventDto) };
  }
}
