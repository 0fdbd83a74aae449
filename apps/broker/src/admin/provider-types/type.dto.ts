import { Matches, NAME_MESSAGE, NAME_PATTERN } from '@app/common';
import { ApiProperty } from '../../http/documented.js';

/** A path with a type in it. */
export class TypeParams {
  @ApiProperty({ example: 'klavi' })
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly type!: string;
}
