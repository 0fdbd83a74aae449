import { mergeSettings, type ProviderRegistry, type Settings, type Traits, traitsOf } from '@app/providers';
import { LRUCache } from 'lru-cache';

/** More kinds than providers have in practice. A connection with settings of its own is a kind by itself. */
const MOST_KINDS = 1000;

/** What connections have in common whose provider, own settings and fields are the same. */
export interface ConnectionKind {
  readonly provider: string;
  readonly type: string;
  /** The settings of both levels, merged. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Names of all fields that are set, at either level. */
  readonly fields: ReadonlySet<string>;
  readonly traits: Traits;
  /** Whether it is a client of its own at the third party, with an id or a secret that others do not share. */
  readonly isOwnClient: boolean;
}

/** What a kind is made of, as Postgres prints it: JSON. */
export interface KindRow {
  readonly provider: string;
  readonly type: string;
  readonly provider_settings: string;
  readonly secret_fields: string;
  readonly settings: string;
  readonly credential_fields: string;
}

/**
 * Works a kind out once and gives every connection of it the same objects: a row that is read costs no parsing of JSON then, and a
 * connection that is held no memory for what its neighbours hold too.
 */
export class ConnectionKinds {
  readonly #kinds = new LRUCache<string, ConnectionKind>({ max: MOST_KINDS });

  constructor(private readonly registry: ProviderRegistry) {}

  /** The kind of a row. @throws BrokerError where this release does not know the type. */
  of(row: KindRow): ConnectionKind {
    const { provider, type, provider_settings, secret_fields, settings, credential_fields } = row;
    // No text of Postgres holds a zero, so that no two kinds have one key.
    const key = `${provider}\0${type}\0${provider_settings}\0${secret_fields}\0${settings}\0${credential_fields}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      return known;
    }
    const kind = this.#toKind(row);
    this.#kinds.set(key, kind);
    return kind;
  }

  #toKind({ provider, type, ...row }: KindRow): ConnectionKind {
    const own = JSON.parse(row.settings) as Settings;
    const settings = mergeSettings(JSON.parse(row.provider_settings) as Settings, own);
    const shared = JSON.parse(row.secret_fields) as readonly string[];
    const ownFields = JSON.parse(row.credential_fields) as readonly string[];
    return {
      provider,
      type,
      settings,
      fields: new Set([...Object.keys(settings), ...shared, ...ownFields]),
      traits: traitsOf(this.registry.require(type), settings),
      isOwnClient: Object.hasOwn(own, 'client_id') || ownFields.some((name) => shared.includes(name)),
    };
  }
}
