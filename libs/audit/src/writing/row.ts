import { isoTime, LATEST_TIME_MS } from '@app/common';
import type { AuditEvent } from '../event.js';

/** Longest text that a row takes; longer ones end in an ellipsis. */
const LONGEST_TEXT = 512;
/** Names are at most 63 characters where they are valid. What is longer must still fit into one index entry (2 704 bytes). */
const LONGEST_NAME = 128;
const MOST_FIELDS = 100;
const LARGEST_INTEGER = 2_147_483_647;

/** An event as its row takes it: flat, every value one that Postgres accepts whatever was handed in. */
export interface AuditRow {
  readonly action: string;
  readonly outcome: string;
  readonly actor: string;
  readonly caller: string | null;
  readonly keyId: string | null;
  readonly provider: string | null;
  readonly connection: string | null;
  readonly generation: number | null;
  readonly requestId: string | null;
  readonly clientIp: string | null;
  readonly upstreamStatus: number | null;
  readonly reason: string | null;
  readonly durationMs: number | null;
  readonly tokenFingerprint: string | null;
  /** RFC 3339. */
  readonly tokenExpiresAt: string | null;
  readonly fields: readonly string[];
  readonly count: number;
}

/**
 * The row of an event. A batch is one statement, so one value that Postgres refuses would fail every event beside it: NUL
 * and lone surrogates become U+FFFD, over-long text is cut, numbers become integers of 32 bits.
 */
export function toRow(event: AuditEvent): AuditRow {
  const { actor } = event;
  return {
    action: event.action,
    outcome: event.outcome,
    actor: actor.type,
    caller: actor.type === 'caller' ? text(actor.caller, LONGEST_NAME) : null,
    keyId: actor.type === 'caller' ? text(actor.keyId, LONGEST_NAME) : null,
    provider: text(event.provider, LONGEST_NAME),
    connection: text(event.connection, LONGEST_NAME),
    generation: integer(event.generation),
    requestId: text(event.requestId, LONGEST_TEXT),
    clientIp: text(event.clientIp, LONGEST_TEXT),
    upstreamStatus: integer(event.upstreamStatus),
    reason: text(event.reason, LONGEST_TEXT),
    durationMs: integer(event.durationMs),
    tokenFingerprint: text(event.tokenFingerprint, LONGEST_TEXT),
    tokenExpiresAt: instant(event.tokenExpiresAt),
    fields: event.fields === undefined ? NO_FIELDS : namesOf(event.fields),
    count: integer(event.count) ?? 1,
  };
}

const instant = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined || !(Math.abs(ms) <= LATEST_TIME_MS) ? null : isoTime(ms);

const NO_FIELDS: readonly string[] = [];

const namesOf = (fields: readonly string[]): readonly string[] =>
  fields.slice(0, MOST_FIELDS).map((name) => fitting(name, LONGEST_TEXT));

const text = (value: string | null | undefined, longest: number): string | null =>
  value === null || value === undefined ? null : fitting(value, longest);

/** What Postgres refuses, or might: a pair of surrogates is looked at more closely. */
const SUSPECT = /[\0\uD800-\uDFFF]/;

const fitting = (value: string, longest: number): string => {
  const short = cut(value, longest);
  return SUSPECT.test(short) ? wellFormed(short) : short;
};

const cut = (value: string, longest: number): string =>
  value.length <= longest ? value : `${value.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;

const wellFormed = (value: string): string => value.replaceAll('\0', '\uFFFD').replaceAll(/\p{Cs}/gu, '\uFFFD');

function integer(value: number | null | undefined): number | null {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return null;
  }
  return Math.round(Math.min(Math.max(value, -LARGEST_INTEGER), LARGEST_INTEGER));
}
