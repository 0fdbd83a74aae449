import type { ProviderRecord } from '@app/connections';
import { IsDefined, IsObject, Matches, NAME_MESSAGE, NAME_PATTERN } from '@app/common';
import { ApiProperty, ApiPropertyOptional } from '../../http/documented.js';
import { Omissible } from '../../http/omissible.decorator.js';
import { toTime } from '../../http/time.js';

type Fields = Readonly<Record<string, unknown>>;

const FREE = { type: 'object', additionalProperties: true } as const;
const OBJECT = { message: 'must be an object' };

/** What PUT takes. The fields of a type are at GET /admin/provider-types/{type}. */
export class ProviderBody {
  @ApiProperty({ example: 'onmeta' })
  @IsDefined({ message: 'is required: GET /admin/provider-types lists the types there are' })
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  readonly type!: string;

  @ApiPropertyOptional({ ...FREE, example: { environment: 'staging' } })
  @IsObject(OBJECT)
  readonly settings: Fields = {};

  @ApiPropertyOptional({ ...FREE, example: { api_key: '…' }, writeOnly: true })
  @IsObject(OBJECT)
  readonly secrets: Fields = {};
}

/** What PATCH takes: fields to merge, null to remove one. */
export class ProviderPatch {
  @ApiPropertyOptional({ ...FREE, example: { environment: 'production' } })
  @Omissible()
  @IsObject(OBJECT)
  readonly settings?: Fields;

  @ApiPropertyOptional({ ...FREE, example: { api_key: '…' }, writeOnly: true })
  @Omissible()
  @IsObject(OBJECT)
  readonly secrets?: Fields;
}

/** Which secrets are set; their values never leave. */
export class SecretFieldsView {
  @ApiProperty({ type: [String], example: ['api_key'] })
  readonly fields!: readonly string[];
}

/** A configured provider. Its ETag is the version that If-Match takes. */
export class ProviderView {
  @ApiProperty({ example: 'onmeta' })
  readonly provider!: string;

  @ApiProperty({ example: 'onmeta' })
  readonly type!: string;

  @ApiProperty(FREE)
  readonly settings!: Fields;

  @ApiProperty({ type: SecretFieldsView })
  readonly secrets!: SecretFieldsView;

  @ApiPropertyOptional({
    type: [String],
    example: ['https://api.example.com'],
    description: 'Where its secrets would go since a change that nobody has confirmed: they are not sent until then.',
  })
  readonly unconfirmed_hosts?: readonly string[];

  @ApiProperty({ format: 'date-time' })
  readonly created_at!: string;

  @ApiProperty({ format: 'date-time' })
  readonly updated_at!: string;
}

/** Part of the list of providers. */
export class ProviderPageView {
  @ApiProperty({ type: [ProviderView] })
  readonly items!: readonly ProviderView[];

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly next_cursor!: string | null;
}

/** A provider in the words of the HTTP contract. */
export const toProviderView = (provider: ProviderRecord): ProviderView => ({
  provider: provider.name,
  type: provider.type,
  settings: provider.settings,
  secrets: { fields: provider.secretFields },
  ...(provider.hosts.unconfirmed.length > 0 && { unconfirmed_hosts: provider.hosts.unconfirmed }),
  created_at: toTime(provider.createdAt),
  updated_at: toTime(provider.updatedAt),
});
