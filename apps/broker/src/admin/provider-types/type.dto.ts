import { NAME_MESSAGE, NAME_PATTERN } from '@app/common';
import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';

/** A path with a type in it. */
export class TypeParams {
  @ApiProperty({ example: 'klavi' })
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly type!: string;
}
