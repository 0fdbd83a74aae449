import { IsInt, IsOptional, IsString, Max, MaxLength, Min, type Page } from '@app/common';
import { ApiPropertyOptional } from './documented.js';
import { Transform } from 'class-transformer';

/** Digits as a number, however many: whether it is too large is for its range to say. Anything else stays as it is and fails `IsInt`. */
export const toInteger = ({ value }: { readonly value: unknown }): unknown =>
  typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;

/** Which part of a list is asked for. */
export class PageDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    default: 100,
    description: 'How many items at the most.',
  })
  @Transform(toInteger)
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be between 1 and 1000' })
  @Max(1000, { message: 'must be between 1 and 1000' })
  readonly limit: number = 100;

  @ApiPropertyOptional({ description: 'The next_cursor of the answer before.' })
  @IsOptional()
  @IsString({ message: 'must be a text' })
  @MaxLength(512, { message: 'is not one of ours' })
  readonly cursor?: string;
}

/** A list as every list is answered. */
export interface ListView<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

/** A page in the words of the HTTP contract. */
export const toListView = <Item, View>(page: Page<Item>, view: (item: Item) => View): ListView<View> => ({
  items: page.items.map(view),
  next_cursor: page.nextCursor,
});
