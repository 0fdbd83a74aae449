import { createHash } from 'node:crypto';
import type { ClientFacts } from './clients.js';
import type { Endpoint, Fault, GrantRecord, RecordFilter, RequestRecord, ReuseEvent } from './contract.js';
import type { TokenStore } from './token.store.js';

type Changeable<Record> = { -readonly [Field in keyof Record]: Record[Field] };

/** A request's entry, which the front door completes. */
export type Entry = Changeable<RequestRecord>;

interface GrantEntry {
  readonly client: ClientFacts;
  readonly accessTokenSeconds: number;
  readonly requests: Entry[];
  readonly reuses: ReuseEvent[];
  /** Every refresh token that was ever made for it, in order. */
  readonly tokens: string[];
  revoked: boolean;
}

/** How refresh tokens are named in records. */
export const shortened = (token: string): string => createHash('sha256').update(token).digest('base64url').slice(0, 12);

/** The record of everything that happened to every grant. */
export class Ledger {
  readonly #grants = new Map<string, GrantEntry>();
  readonly #grantOfToken = new Map<string, string>();
  #requests = 0;

  constructor(private readonly store: () => TokenStore) {}

  open(grantId: string, client: ClientFacts, accessTokenSeconds: number): void {
    this.#grants.set(grantId, { client, accessTokenSeconds, requests: [], reuses: [], tokens: [], revoked: false });
  }

  /** Notes a refresh token of a grant as its newest one. */
  issued(grantId: string, token: string): void {
    const { tokens } = this.grant(grantId);
    if (!tokens.includes(token)) {
      tokens.push(token);
      this.#grantOfToken.set(token, grantId);
    }
  }

  /** @throws Error for an unknown grant. */
  grant(grantId: string): GrantEntry {
    const grant = this.#grants.get(grantId);
    if (grant === undefined) {
      throw new Error(`No grant ${grantId} was issued.`);
    }
    return grant;
  }

  grantOf = (token: string | undefined): string | null => this.#grantOfToken.get(token ?? '') ?? null;

  /** Opens the entry of a request that was read whole. */
  requested(asked: {
    endpoint: Endpoint;
    clientId: string | null;
    token: string | undefined;
    onConnection: number;
  }): Entry {
    this.#requests += 1;
    const entry: Entry = {
      id: this.#requests,
      endpoint: asked.endpoint,
      clientId: asked.clientId,
      token: asked.token === undefined ? null : shortened(asked.token),
      at: Date.now(),
      fault: null,
      onConnection: asked.onConnection,
      ...UNDECIDED,
    };
    const grantId = this.grantOf(asked.token);
    if (grantId !== null) {
      this.grant(grantId).requests.push(entry);
    }
    return entry;
  }

  faulted(entry: Entry, fault: Fault | undefined): void {
    entry.fault = fault?.kind ?? null;
  }

  revoked(grantId: string, request: number): void {
    const grant = this.grant(grantId);
    grant.revoked = true;
    const entry = grant.requests.find(({ id }) => id === request);
    if (entry !== undefined) {
      grant.reuses.push({ at: Date.now(), token: entry.token ?? '', request });
    }
  }

  record(grantId: string): GrantRecord {
    const { client, requests, reuses, tokens, revoked } = this.grant(grantId);
    const newest = tokens.at(-1) ?? '';
    return {
      grantId,
      kind: client.kind,
      clientId: client.clientId,
      requests,
      sends: sendsOf(requests),
      reuses,
      revoked,
      alive: !revoked && this.store().honours(newest),
      newest: shortened(newest),
    };
  }

  records = ({ clientId, kind }: RecordFilter): readonly GrantRecord[] =>
    [...this.#grants]
      .filter(([, { client }]) => clientId === undefined || client.clientId === clientId)
      .filter(([, { client }]) => kind === undefined || client.kind === kind)
      .map(([grantId]) => this.record(grantId));

  /**
   * The grants that nobody could have kept: every refresh token that could still be used went out only in answers that never
   * arrived. A reuse later does not count, nor does it excuse one that had a usable token.
   */
  smallestPossibleLoss = (): readonly GrantRecord[] =>
    [...this.#grants].filter(([id, grant]) => this.#isLost(id, grant)).map(([id]) => this.record(id));

  #isLost(grantId: string, { tokens, requests }: GrantEntry): boolean {
    const unseen = issuedBy(requests.filter(({ delivered }) => delivered === false));
    const seen = issuedBy(requests.filter(({ delivered }) => delivered !== false));
    return tokens.every((token, index) => {
      const name = shortened(token);
      const neverArrived = index > 0 && unseen.has(name) && !seen.has(name);
      return neverArrived || this.store().isSpent(token, grantId);
    });
  }
}

const issuedBy = (entries: readonly Entry[]): ReadonlySet<string | null> =>
  new Set(entries.map(({ issued }) => issued));

const UNDECIDED = {
  reachedAt: null,
  outcome: null,
  consumed: false,
  issued: null,
  status: null,
  answeredAt: null,
  delivered: null,
  closedAt: null,
} as const;

function sendsOf(requests: readonly Entry[]): Readonly<Record<string, number>> {
  const sends: Record<string, number> = {};
  for (const { endpoint, reachedAt, token } of requests) {
    if (endpoint === 'token' && reachedAt !== null && token !== null) {
      sends[token] = (sends[token] ?? 0) + 1;
    }
  }
  return sends;
}
