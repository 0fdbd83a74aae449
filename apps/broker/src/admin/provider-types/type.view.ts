import { ApiProperty } from '../../http/documented.js';

const SCHEMA = { type: 'object', additionalProperties: true, description: 'JSON Schema.' } as const;

/** What can be set at the level of the provider. */
export class ProviderLevelView {
  @ApiProperty(SCHEMA)
  readonly settings!: object;

  @ApiProperty(SCHEMA)
  readonly secrets!: object;
}

/** What can be set at the level of a connection; its value wins. */
export class ConnectionLevelView {
  @ApiProperty(SCHEMA)
  readonly settings!: object;

  @ApiProperty(SCHEMA)
  readonly credential!: object;
}

/** How a type treats its credentials. */
export class TraitsView {
  @ApiProperty({ enum: ['static', 'grace', 'strict'], description: 'What a repeated refresh does.' })
  readonly rotation!: string;

  @ApiProperty({ type: 'integer', nullable: true })
  readonly grace_seconds!: number | null;

  @ApiProperty({
    enum: ['none', 'credential', 'co_credential'],
    description: 'Whether the access token is itself needed.',
  })
  readonly rolling!: string;

  @ApiProperty({ type: Boolean, nullable: true, description: 'null where the vendor does not say.' })
  readonly old_token_survives!: boolean | null;

  @ApiProperty()
  readonly introspection!: boolean;

  @ApiProperty({
    type: 'array',
    items: { type: 'integer' },
    description: 'HTTP statuses proved not to consume the credential.',
  })
  readonly unprocessed_statuses!: readonly number[];

  @ApiProperty({ example: 0.75, description: 'The fraction of its life after which a token is renewed.' })
  readonly refresh_at!: number;

  @ApiProperty({ type: 'integer', example: 3600 })
  readonly default_ttl_seconds!: number;

  @ApiProperty({ example: 'Bearer', description: 'Scheme of the Authorization header that its tokens are used with.' })
  readonly token_type!: string;
}

/** A type of providers. */
export class ProviderTypeView {
  @ApiProperty({ example: 'klavi' })
  readonly type!: string;

  @ApiProperty({ example: 'Klavi' })
  readonly title!: string;

  @ApiProperty({ format: 'uri', description: "The vendor's page." })
  readonly documentation!: string;

  @ApiProperty({ type: String, nullable: true, description: 'null where each customer has a host of its own.' })
  readonly default_base_url!: string | null;

  @ApiProperty({ type: ProviderLevelView })
  readonly provider!: ProviderLevelView;

  @ApiProperty({ type: ConnectionLevelView })
  readonly connection!: ConnectionLevelView;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: { api_key: 'provider' } })
  readonly usual_level!: Readonly<Record<string, string>>;

  @ApiProperty({ type: [String], description: 'Fields that must be set, at whichever level.' })
  readonly required!: readonly string[];

  @ApiProperty({ type: [String], description: 'The same, unless one of the sets of relogin is complete.' })
  readonly required_unless_relogin!: readonly string[];

  @ApiProperty({
    type: 'array',
    items: { type: 'array', items: { type: 'string' } },
    description: 'Sets of fields, each of which suffices to log in again without a person.',
  })
  readonly relogin!: readonly (readonly string[])[];

  @ApiProperty({ type: TraitsView })
  readonly traits!: TraitsView;
}

/** Part of the list of types. */
export class ProviderTypePageView {
  @ApiProperty({ type: [ProviderTypeView] })
  readonly items!: readonly ProviderTypeView[];

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly next_cursor!: string | null;
}
