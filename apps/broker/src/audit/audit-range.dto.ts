import { IsIn, IsOptional } from '@app/common';
import { EXPORT_FORMATS, type ExportFormat, type TimeRange } from '@app/audit';
import { ApiPropertyOptional } from '../http/documented.js';
import { IsInstant, toInstant } from '../http/instant.js';

/** Which time of the log is meant; all of it where nothing is said. */
export class AuditRangeDto {
  @ApiPropertyOptional({ format: 'date-time', description: 'Not before this time.', example: '2026-11-21T00:00:00Z' })
  @IsOptional()
  @IsInstant()
  readonly from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Before this time.', example: '2026-11-22T00:00:00Z' })
  @IsOptional()
  @IsInstant()
  readonly to?: string;
}

/** Which time, and how it is written. */
export class AuditExportDto extends AuditRangeDto {
  @ApiPropertyOptional({ enum: EXPORT_FORMATS, default: 'ndjson' })
  @IsIn(EXPORT_FORMATS, { message: `must be one of ${EXPORT_FORMATS.join(', ')}` })
  readonly format: ExportFormat = 'ndjson';
}

/** The range in the words of the log. */
export const toTimeRange = ({ from, to }: AuditRangeDto): TimeRange => ({ from: inUtc(from), to: inUtc(to) });

function inUtc(text: string | undefined): string | undefined {
  const instant = text === undefined ? undefined : toInstant(text);
  return instant === undefined ? undefined : new Date(instant).toISOString();
}
