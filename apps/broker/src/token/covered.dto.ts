import { ApiProperty } from '../http/documented.js';
import { CONNECTION_STATES } from '@app/connections';

/** A connection that a caller may get tokens for. */
export class CoveredView {
  @ApiProperty({ example: 'klavi' })
  readonly provider!: string;

  @ApiProperty({ example: 'acme' })
  readonly connection!: string;

  @ApiProperty({ example: 'klavi', description: 'The type of the provider.' })
  readonly type!: string;

  @ApiProperty({ enum: CONNECTION_STATES })
  readonly state!: string;
}

/** Part of the list of them. */
export class CoveredPageView {
  @ApiProperty({ type: [CoveredView] })
  readonly items!: readonly CoveredView[];

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly next_cursor!: string | null;
}
