import type { Envelopes, Fingerprints } from '@app/crypto';
import { Secret } from '@app/common';
import type { OutcomeKind } from '@app/providers';
import type {
  Connection,
  ConnectionState,
  HeldToken,
  SealedConnection,
  TokenTimes,
  Trouble,
  Unsettled,
} from './connection.js';
import type { ConnectionKinds, KindRow } from './connection-kind.js';
import { openToken } from './sealing.js';
import type { SharedTexts } from './shared-texts.js';
import { shownState } from './shown-state.js';

/**
 * Where a Connection is read from: its row, of the table or of what a statement returned of it, its provider's, and what was sent of
 * its current generation without a known outcome.
 */
export const connectionTables = (rows: 'connections' | 'claimed'): string => `
  ${rows} c join providers p on p.name = c.provider left join lateral (
    select min(a.sent_at) filter (where a.step = 'refresh') as first_sent_at,
      max(a.sent_at) filter (where a.step = 'refresh') as last_sent_at,
      max(a.closed_at) filter (where a.step = 'introspect' and a.outcome = 'ok') as unused_at,
      max(a.closed_at) filter (where a.step = 'introspect' and a.outcome not in ('ok', 'abandoned')
        and a.reason is distinct from 'abandoned_before_send') as asked_in_vain_at
    from attempts a
    where a.connection_id = c.id and a.generation = c.generation and a.sent_at is not null
      and (a.outcome is null or a.outcome in ('unknown', 'abandoned') or a.step = 'introspect')
  ) as sent on true`;

/** Measured of 100 000 held ones: what each takes beside its name and its token. */
const BARE_BYTES = 500;
/** Its merged settings, their names and its traits, where it has settings of its own. */
const OWN_KIND_BYTES = 1000;
const NO_SETTINGS = '{}';
const NO_EXTRA: Readonly<Record<string, string>> = {};

/** A time of Postgres as epoch milliseconds: what reads a number costs a fraction of what reads a date. */
export const epochMs = (column: string): string => `date_part('epoch', ${column}) * 1000`;

/** Columns of `connections` (c), `providers` (p) and those attempts (sent) that a Connection is made of. */
export const CONNECTION_COLUMNS = `
  c.fence, coalesce(c.lease_expires_at > clock_timestamp(), false) as leased, ${epochMs('c.last_used_at')} as last_used_at,
  ${epochMs('sent.first_sent_at')} as first_sent_at, ${epochMs('sent.last_sent_at')} as last_sent_at,
  ${epochMs('sent.unused_at')} as unused_at, ${epochMs('sent.asked_in_vain_at')} as asked_in_vain_at,
  p.refused_reason, p.refused_status, c.id, c.provider, c.name, p.type, c.state, c.state_reason, c.state_upstream_status,
  c.state_parameter, c.generation, c.token, ${epochMs('c.token_issued_at')} as token_issued_at,
  ${epochMs('c.token_expires_at')} as token_expires_at, c.token_lifetime_seconds, ${epochMs('c.refresh_at')} as refresh_at,
  ${epochMs('c.retry_at')} as retry_at, c.consecutive_failures, c.last_outcome, c.last_reason, c.last_upstream_status, c.next_step,
  c.unconfirmed_hosts, ${epochMs('c.updated_at')} as updated_at,
  c.settings::text as settings, array_to_json(c.credential_fields)::text as credential_fields,
  p.settings::text as provider_settings, array_to_json(p.secret_fields)::text as secret_fields`;

/** One such row, as pg returns it. Times are epoch milliseconds, rounded as a double is. */
export interface ConnectionRow extends KindRow {
  readonly id: string;
  readonly name: string;
  readonly state: ConnectionState;
  readonly state_reason: string | null;
  readonly state_upstream_status: number | null;
  readonly state_parameter: string | null;
  readonly generation: number;
  readonly token: Buffer | null;
  readonly token_issued_at: number | null;
  readonly token_expires_at: number | null;
  readonly token_lifetime_seconds: number | null;
  readonly refresh_at: number | null;
  readonly retry_at: number | null;
  readonly consecutive_failures: number;
  readonly last_outcome: OutcomeKind | null;
  readonly last_reason: string | null;
  readonly last_upstream_status: number | null;
  readonly next_step: 'refresh' | 'relogin';
  readonly fence: string;
  readonly leased: boolean;
  readonly last_used_at: number | null;
  readonly first_sent_at: number | null;
  readonly last_sent_at: number | null;
  readonly unused_at: number | null;
  readonly asked_in_vain_at: number | null;
  readonly refused_reason: string | null;
  readonly refused_status: number | null;
  readonly unconfirmed_hosts: readonly string[];
  readonly updated_at: number;
}

/** What opens the sealed parts of a row, and what holds once what many rows say. */
export interface Opener {
  readonly kinds: ConnectionKinds;
  readonly texts: SharedTexts;
  readonly envelopes: Envelopes;
  readonly fingerprints: Fingerprints;
}

/** The row with its token opened. @throws EnvelopeError where the token was changed or moved. */
export const toConnection = async (row: ConnectionRow, opener: Opener): Promise<Connection> =>
  described(row, opener, await toToken(row, opener));

/** The row with what is sealed left as it is. */
export const toSealed = (row: ConnectionRow, opener: Opener): SealedConnection => described(row, opener, toTimes(row));

/** Every field is named, in one order: millions are made, and they are all of one shape then. */
function described<Token extends TokenTimes>(row: ConnectionRow, opener: Opener, token: Token | null) {
  const { texts } = opener;
  const kind = opener.kinds.of(row);
  const stored = toTrouble(row.state_reason, row.state_upstream_status, row.state_parameter);
  const { state, trouble } = shownState({ state: row.state, trouble: stored }, row.unconfirmed_hosts);
  return {
    id: row.id,
    provider: kind.provider,
    connection: row.name,
    type: kind.type,
    state: texts.same(state),
    trouble,
    generation: row.generation,
    fence: texts.same(row.fence),
    leased: row.leased,
    unsettled: toUnsettled(row),
    token,
    refreshAt: toMs(row.refresh_at),
    retryAt: toMs(row.retry_at),
    consecutiveFailures: row.consecutive_failures,
    lastOutcome: row.last_outcome && texts.same(row.last_outcome),
    lastTrouble: toTrouble(row.last_reason, row.last_upstream_status, null),
    lastStatus: row.last_upstream_status,
    nextStep: texts.same(row.next_step),
    fields: kind.fields,
    settings: kind.settings,
    traits: kind.traits,
    providerTrouble: kind.isOwnClient ? null : toTrouble(row.refused_reason, row.refused_status, null),
    lastUsedAt: toMs(row.last_used_at),
    changedAt: Math.round(row.updated_at),
    heldBytes: bytesOf(row),
  };
}

const toMs = (time: number | null): number | null => (time === null ? null : Math.round(time));

/** Why something is as it is, from its three columns. */
export function toTrouble(reason: string | null, status: number | null, parameter: string | null): Trouble | null {
  return reason === null ? null : { reason, status, ...(parameter === null ? {} : { parameter }) };
}

function toUnsettled({ first_sent_at, last_sent_at, unused_at, asked_in_vain_at }: ConnectionRow): Unsettled | null {
  if (first_sent_at === null || last_sent_at === null) {
    return null;
  }
  return {
    firstSentAt: Math.round(first_sent_at),
    lastSentAt: Math.round(last_sent_at),
    unusedAt: toMs(unused_at),
    askedInVainAt: toMs(asked_in_vain_at),
  };
}

function toTimes(row: ConnectionRow): TokenTimes | null {
  if (row.token === null || row.token_issued_at === null || row.token_expires_at === null) {
    return null;
  }
  return {
    issuedAt: Math.round(row.token_issued_at),
    expiresAt: Math.round(row.token_expires_at),
    lifetimeSeconds: row.token_lifetime_seconds,
  };
}

async function toToken(row: ConnectionRow, { envelopes, fingerprints, texts }: Opener): Promise<HeldToken | null> {
  const times = toTimes(row);
  if (row.token === null || times === null) {
    return null;
  }
  const { access_token, token_type, extra } = await openToken(
    envelopes,
    { table: 'connections', row: row.id, generation: row.generation },
    row.token,
  );
  return {
    accessToken: new Secret(access_token),
    fingerprint: fingerprints.of(access_token),
    tokenType: texts.same(token_type),
    extra: Object.keys(extra).length === 0 ? NO_EXTRA : extra,
    issuedAt: times.issuedAt,
    expiresAt: times.expiresAt,
    lifetimeSeconds: times.lifetimeSeconds,
  };
}

/** The sealed text is a little longer than what it takes opened. */
const bytesOf = ({ name, settings, token }: ConnectionRow): number =>
  BARE_BYTES +
  name.length +
  (token?.length ?? 0) +
  (settings === NO_SETTINGS ? 0 : OWN_KIND_BYTES + 4 * settings.length);
