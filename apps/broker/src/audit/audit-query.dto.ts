import { AUDIT_ACTIONS, AUDIT_OUTCOMES, type AuditAction, type AuditOutcome, type AuditQuery } from '@app/audit';
import { IsIn, IsOptional, Matches, NAME_MESSAGE, NAME_PATTERN } from '@app/common';
import { ApiPropertyOptional } from '../http/documented.js';
import { PageDto } from '../http/page.dto.js';
import { IsInstant, toInstant } from '../http/instant.js';

const REQUEST_ID = /^[\x20-\x7E]{1,512}$/;

/** Which events of the log are wanted; all conditions must hold. */
export class AuditQueryDto extends PageDto {
  @ApiPropertyOptional({ format: 'date-time', description: 'Not before this time.', example: '2026-11-21T10:00:00Z' })
  @IsOptional()
  @IsInstant()
  readonly from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Before this time.', example: '2026-11-21T11:00:00Z' })
  @IsOptional()
  @IsInstant()
  readonly to?: string;

  @ApiPropertyOptional({ enum: AUDIT_ACTIONS })
  @IsOptional()
  @IsIn(AUDIT_ACTIONS, { message: `must be one of ${AUDIT_ACTIONS.join(', ')}` })
  readonly action?: AuditAction;

  @ApiPropertyOptional({ enum: AUDIT_OUTCOMES })
  @IsOptional()
  @IsIn(AUDIT_OUTCOMES, { message: `must be one of ${AUDIT_OUTCOMES.join(', ')}` })
  readonly outcome?: AuditOutcome;

  @ApiPropertyOptional({ example: 'billing' })
  @IsOptional()
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly caller?: string;

  @ApiPropertyOptional({ example: 'klavi' })
  @IsOptional()
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly provider?: string;

  @ApiPropertyOptional({ example: 'acme' })
  @IsOptional()
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly connection?: string;

  @ApiPropertyOptional({ description: 'The X-Request-Id of an answer.' })
  @IsOptional()
  @Matches(REQUEST_ID, { message: 'must be 1 to 512 printable ASCII characters' })
  readonly request_id?: string;
}

/** The query in the words of the log. */
export const toAuditQuery = ({ from, to, request_id: requestId, ...query }: AuditQueryDto): AuditQuery => ({
  ...query,
  requestId,
  from: from === undefined ? undefined : toInstant(from),
  to: to === undefined ? undefined : toInstant(to),
});
