import { AuditExport, type AuditOrigin, AuditVerifier } from '@app/audit';
import { Controller, Get, Query, Res, StreamableFile } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
} from '../http/documented.js';
import { Readable } from 'node:stream';
import { Draining } from '../health/draining.js';
import { Origin } from '../http/origin.decorator.js';
import type { BrokerReply } from '../http/request.js';
import { Roles } from '../http/roles.decorator.js';
import { whileWanted } from '../http/while-wanted.js';
import { AuditExportDto, AuditRangeDto, toTimeRange } from './audit-range.dto.js';
import { AuditVerificationDto, toVerificationDto } from './audit-verification.dto.js';

const MEDIA_TYPE = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
} as const;

/** What reads the whole log: it takes long, and ends when nobody waits for it. */
@ApiTags('audit')
@ApiBearerAuth()
@Roles('auditor', 'admin')
@Controller('audit')
export class AuditCopyController {
  constructor(
    private readonly verifier: AuditVerifier,
    private readonly exporter: AuditExport,
    private readonly draining: Draining,
  ) {}

  @Get('verify')
  @ApiOperation({ summary: 'Whether the log is whole: chains, checkpoints, heads' })
  @ApiOkResponse({ type: AuditVerificationDto })
  @ApiConflictResponse()
  async verify(
    @Query() range: AuditRangeDto,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<AuditVerificationDto> {
    const signal = whileWanted(reply, this.draining);
    return toVerificationDto(await this.verifier.verify(origin, toTimeRange(range), signal));
  }

  @Get('export')
  @ApiOperation({ summary: 'The log as a text to keep elsewhere, oldest first' })
  @ApiProduces('application/x-ndjson', 'text/csv')
  @ApiOkResponse({ schema: { type: 'string' } })
  async export(
    @Query() query: AuditExportDto,
    @Origin() origin: AuditOrigin,
    @Res({ passthrough: true }) reply: BrokerReply,
  ): Promise<StreamableFile | undefined> {
    const { format } = query;
    void reply.type(MEDIA_TYPE[format]).header('content-disposition', `attachment; filename="audit.${format}"`);
    if (reply.request.method === 'HEAD') {
      return undefined;
    }
    const signal = whileWanted(reply, this.draining);
    const pieces = await this.exporter.open(origin, toTimeRange(query), format, signal);
    // One piece at a time: the next is read from the database when the reader has taken this one. A reader that takes none does
    // not hold up the end of the broker.
    return new StreamableFile(Readable.from(pieces, { highWaterMark: 1, signal }));
  }
}
