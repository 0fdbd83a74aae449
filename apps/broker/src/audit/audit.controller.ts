import { AuditEvents } from '@app/audit';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type ListView, toListView } from '../http/page.dto.js';
import { Roles } from '../http/roles.decorator.js';
import { type AuditEventDto, AuditPageDto, toAuditEventDto } from './audit-event.dto.js';
import { AuditQueryDto, toAuditQuery } from './audit-query.dto.js';

/** The log over HTTP, for auditors. */
@ApiTags('audit')
@ApiBearerAuth()
@Roles('auditor', 'admin')
@Controller('audit')
export class AuditController {
  constructor(private readonly events: AuditEvents) {}

  @Get('events')
  @ApiOperation({ summary: 'Events of the log, newest first' })
  @ApiOkResponse({ type: AuditPageDto })
  async search(@Query() query: AuditQueryDto): Promise<ListView<AuditEventDto>> {
    return toListView(await this.events.search(toAuditQuery(query)), toAuditEventDto);
  }
}
