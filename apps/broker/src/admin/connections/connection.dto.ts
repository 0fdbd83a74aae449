import { CONNECTION_STATES, type ConnectionState } from '@app/connections';
import {
  IsDefined,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  NAME_MESSAGE,
  NAME_PATTERN,
  ValidateNested,
} from '@app/common';
import { ApiProperty, ApiPropertyOptional } from '../../http/documented.js';
import { Type } from 'class-transformer';
import { IsInstant } from '../../http/instant.js';
import { Omissible } from '../../http/omissible.decorator.js';
import { PageDto } from '../../http/page.dto.js';

type Fields = Readonly<Record<string, unknown>>;

const FREE = { type: 'object', additionalProperties: true } as const;
const OBJECT = { message: 'must be an object' };
const LONGEST_TOKEN = 16_384;

/** An access token that is brought along. */
export class BroughtTokenBody {
  @ApiProperty({ writeOnly: true, example: 'eyJ…' })
  @IsDefined({ message: 'is required' })
  @IsString({ message: 'must be a text' })
  @Length(1, LONGEST_TOKEN, { message: `must be 1 to ${LONGEST_TOKEN} characters` })
  @Matches(/^[\x21-\x7e]+$/, { message: 'must consist of visible ASCII characters, without spaces and line breaks' })
  readonly access_token!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:29:02Z' })
  @IsDefined({ message: 'is required' })
  @IsInstant()
  readonly expires_at!: string;
}

/** What PUT takes. The fields of a type are at GET /admin/provider-types/{type}. */
export class ConnectionBody {
  @ApiPropertyOptional({ ...FREE, example: { company_name: 'acme' } })
  @IsObject(OBJECT)
  readonly settings: Fields = {};

  @ApiProperty({ ...FREE, writeOnly: true, example: { refresh_token: '…' } })
  @IsDefined({ message: 'is required' })
  @IsObject(OBJECT)
  readonly credential!: Fields;

  @ApiPropertyOptional({ type: BroughtTokenBody })
  @Omissible()
  @IsObject(OBJECT)
  @ValidateNested()
  @Type(() => BroughtTokenBody)
  readonly token?: BroughtTokenBody;
}

/** What PATCH takes: fields to merge, null to remove one. */
export class ConnectionPatch {
  @ApiPropertyOptional({ ...FREE, example: { company_name: 'acme' } })
  @Omissible()
  @IsObject(OBJECT)
  readonly settings?: Fields;

  @ApiPropertyOptional({ ...FREE, writeOnly: true, example: { refresh_token: '…' } })
  @Omissible()
  @IsObject(OBJECT)
  readonly credential?: Fields;

  @ApiPropertyOptional({ type: BroughtTokenBody })
  @Omissible()
  @IsObject(OBJECT)
  @ValidateNested()
  @Type(() => BroughtTokenBody)
  readonly token?: BroughtTokenBody;
}

/** Which connections a list shows. */
export class ConnectionsQuery extends PageDto {
  @ApiPropertyOptional({ example: 'klavi' })
  @IsOptional()
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly provider?: string;

  @ApiPropertyOptional({ enum: CONNECTION_STATES })
  @IsOptional()
  @IsIn(CONNECTION_STATES, { message: `must be one of: ${CONNECTION_STATES.join(', ')}` })
  readonly state?: ConnectionState;

  @ApiPropertyOptional({ description: 'Part of the name of the connection.' })
  @IsOptional()
  @MaxLength(63, { message: 'must be at most 63 characters' })
  readonly q?: string;
}
