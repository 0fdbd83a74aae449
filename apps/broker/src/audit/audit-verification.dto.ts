import { FAULT_ADVICE, type Verification } from '@app/audit';
import { ApiProperty } from '../http/documented.js';

/** The first fault of the log. */
export class AuditFaultDto {
  @ApiProperty({ enum: Object.keys(FAULT_ADVICE) })
  readonly kind!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'null where it is a fault of the checkpoints.',
    example: '7',
  })
  readonly stream!: string | null;

  @ApiProperty({ type: 'integer', description: 'Of the row; without a stream, the number of the checkpoint.' })
  readonly seq!: number;

  @ApiProperty({ description: 'What was found, and what to do.' })
  readonly detail!: string;
}

/** What the log is worth. */
export class AuditVerificationDto {
  @ApiProperty({ description: 'True where no fault was found.' })
  readonly ok!: boolean;

  @ApiProperty({ type: 'integer', description: 'How many were checked, as below.' })
  readonly rows!: number;

  @ApiProperty({ type: 'integer' })
  readonly streams!: number;

  @ApiProperty({ type: 'integer' })
  readonly checkpoints!: number;

  @ApiProperty({ type: AuditFaultDto, nullable: true })
  readonly fault!: AuditFaultDto | null;
}

/** The result in the words of the HTTP contract. */
export const toVerificationDto = ({ ok, rows, streams, checkpoints, fault }: Verification): AuditVerificationDto => ({
  ok,
  rows,
  streams,
  checkpoints,
  fault,
});
