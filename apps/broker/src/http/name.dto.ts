import { Matches, NAME_MESSAGE, NAME_PATTERN } from '@app/common';
import { ApiProperty } from './documented.js';

/** A path with a provider in it. */
export class ProviderParams {
  @ApiProperty({ example: 'klavi', pattern: NAME_PATTERN.source })
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly provider!: string;
}

/** A path with a provider and one of its connections in it. */
export class ConnectionParams extends ProviderParams {
  @ApiProperty({ example: 'acme', pattern: NAME_PATTERN.source })
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly connection!: string;
}
