import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Replica } from '../brokers/index.js';
import type { Account } from './accounts.js';
import type { Random } from './random.js';
import { TIMES } from './times.js';

const CALLERS = 12;
/** By this name the audit log knows the callers. */
export const CALLER = 'soak';

/** What a caller got for a request; `status` is null where no answer came whole. */
export interface Asked {
  readonly status: number | null;
  readonly code: string | null;
  readonly hasToken: boolean;
}

/** Whom and what to ask. */
export interface CallersGround {
  readonly random: Random;
  /** So many times longer than usual they pause (times.ts). */
  readonly pace: number;
  accounts(): readonly Account[];
  replicas(): readonly Replica[];
}

interface TokenBody {
  readonly access_token?: string;
  readonly generation?: number;
  readonly code?: string;
}

/** Services that ask for tokens all the time; every request bears an id by which the audit log can be searched. */
export class Callers {
  /** By request id. */
  readonly asked = new Map<string, Asked>();
  readonly #working: Promise<void>[] = [];
  #stopped = false;

  constructor(
    private readonly key: string,
    private readonly ground: CallersGround,
  ) {}

  get tokens(): number {
    return [...this.asked.values()].filter(({ hasToken }) => hasToken).length;
  }

  start(): void {
    this.#working.push(...Array.from({ length: CALLERS }, () => this.#work()));
  }

  /** Resolves when the last answer is in. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#working);
  }

  async #work(): Promise<void> {
    const { random, pace, accounts, replicas } = this.ground;
    const { least, most } = TIMES.callerPause;
    while (!this.#stopped) {
      const up = replicas();
      if (up.length > 0) {
        await this.#ask(random.pick(up), random.pick(accounts()));
      }
      await sleep(random.between(least, most) * pace);
    }
  }

  async #ask({ url }: Replica, account: Account): Promise<void> {
    const id = randomUUID();
    this.asked.set(id, NO_ANSWER);
    const { query, ...wanted } = this.#wanted(account);
    const headers = { authorization: `Bearer ${this.key}`, 'x-request-id': id, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(TIMES.callerTimeout);
    try {
      const response = await fetch(`${url}/providers/${account.provider}/token${query}`, {
        ...wanted,
        headers,
        signal,
      });
      const { access_token, generation = 0, code = null } = (await response.json()) as TokenBody;
      this.asked.set(id, { status: response.status, code, hasToken: access_token !== undefined });
      account.seen = Math.max(account.seen, generation);
    } catch {
      // Its replica was killed or stands still: the request stays without an answer.
    }
  }

  /** Most take what there is, some want a token that lives for a while, and a few say that theirs was refused. */
  #wanted({ name, seen }: Account): { readonly method: string; readonly query: string; readonly body?: string } {
    const { random } = this.ground;
    const draw = random.next();
    if (draw < REPORTING) {
      return { method: 'POST', query: '', body: JSON.stringify({ connection: name, rejected_generation: seen }) };
    }
    const minTtl = draw < REPORTING + DEMANDING ? random.between(MIN_TTL.least, MIN_TTL.most) : 0;
    return { method: 'GET', query: `?connection=${name}&min_ttl=${minTtl}` };
  }
}

const NO_ANSWER: Asked = { status: null, code: null, hasToken: false };
const REPORTING = 0.03;
const DEMANDING = 0.2;
/** Seconds. */
const MIN_TTL = { least: 5, most: 30 };

/** A caller that may read every token, and its key. */
export async function registerCaller(replica: Replica): Promise<string> {
  await replica.ask('PUT', `/admin/callers/${CALLER}`, { description: 'The soak.', rules: ['*/*'] });
  const { status, body } = await replica.ask('POST', `/admin/callers/${CALLER}/keys`, {});
  if (status !== 201) {
    throw new Error(`The broker answered ${status}: ${JSON.stringify(body)}`);
  }
  return String(body['key']);
}
