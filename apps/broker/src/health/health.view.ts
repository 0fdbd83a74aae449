import { ApiProperty } from '../http/documented.js';

/** What a liveness probe is told. */
export class LivenessView {
  @ApiProperty({ example: true })
  readonly live!: true;
}

/** Each condition of readiness. */
export class ReadinessChecksView {
  @ApiProperty({ description: 'The database answers and takes writes.' })
  readonly database!: boolean;

  @ApiProperty({ description: 'All migrations of this version are applied.' })
  readonly migrations!: boolean;

  @ApiProperty({ description: 'The audit log can be appended.' })
  readonly audit!: boolean;

  @ApiProperty({ description: 'It is not stopping.' })
  readonly serving!: boolean;
}

/** What a readiness probe is told. */
export class ReadinessView {
  @ApiProperty()
  readonly ready!: boolean;

  @ApiProperty({ type: ReadinessChecksView })
  readonly checks!: ReadinessChecksView;
}
