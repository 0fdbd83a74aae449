import { newApiKey } from '@app/callers';
import { Pool } from 'undici';
import { crc32 } from 'node:zlib';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import type { Random } from '../harness/soak/random.js';
import type { AuditModel, ModelActor } from './audit-model.js';
import { bodyOf, broughtToken, pathOf } from './connect.js';

/** Somebody with an API key. */
export interface Keyed {
  readonly caller: string;
  readonly key: string;
}

interface Sent {
  readonly body?: unknown;
  /** Instead of `Bearer <key>`. */
  readonly authorization?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it stands, as JSON. */
  readonly text?: string;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An answer of a provider that is a failure, and the outcome that it is recorded with. */
const FAILURES = [
  { type: 'berbix', answer: 'bad_refresh_token', outcome: 'rejected' },
  { type: 'monetate', answer: 'forbidden_revoked', outcome: 'rejected' },
  { type: 'klearstack', answer: 'missing_company_name', outcome: 'misconfigured' },
  { type: 'klavi', answer: 'rate_limited', outcome: 'not_sent' },
  { type: 'berbix', answer: 'malformed_success', outcome: 'unknown' },
] as const;

const DAY_SECONDS = 86_400;
const MOST_AT_ONCE = 24;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The key with another secret, and a checksum that fits. */
function withOtherSecret(key: string): string {
  const body = `${key.slice(0, 17)}${newApiKey().secret.reveal()}`;
  let rest = crc32(body);
  let digits = '';
  while (digits.length < 6) {
    digits = `${BASE62[rest % 62]}${digits}`;
    rest = Math.floor(rest / 62);
  }
  return `${body}${digits}`;
}

export interface LaneOptions {
  readonly index: number;
  readonly url: string;
  readonly sandbox: Sandbox;
  readonly model: AuditModel;
  readonly random: Random;
  /** Who makes this lane's own administrator. */
  readonly root: Keyed;
}

/**
 * Requests of a few callers on one replica, one kind of step after another, and what each must leave in the log. What a lane changes is
 * its own, so that lanes run beside each other and it is still known what becomes of every request.
 */
export class AuditLane {
  /** Requests sent. */
  requests = 0;
  /** Requests that a provider must have had. */
  attempts = 0;
  readonly #failure: (typeof FAILURES)[number];
  readonly #name: string;
  readonly #pools: readonly Pool[];
  readonly #dead: (string | undefined)[] = [undefined];
  #admin: Keyed;
  #reader: Keyed;
  #outsider: Keyed;
  #generation = 1;
  #made = 0;

  constructor(private readonly options: LaneOptions) {
    this.#name = `lane-${options.index}`;
    this.#failure = FAILURES[options.index % FAILURES.length] as (typeof FAILURES)[number];
    [this.#admin, this.#reader, this.#outsider] = [options.root, options.root, options.root];
    // Every address of 127.0.0.0/8 is this machine, but only Linux lets one send from any.
    const sources = process.platform === 'linux' ? ['127.0.0.1', `127.0.0.${10 + options.index}`] : ['127.0.0.1'];
    this.#pools = sources.map((localAddress) => new Pool(options.url, { connections: 8, localAddress }));
  }

  /** Callers, a provider, and connections: one whose token is held, one that is paused, one that is renewed. */
  async prepare(): Promise<void> {
    const { root } = this.options;
    this.#admin = await this.#newCaller(root, 'admin', { roles: ['admin'] });
    this.#reader = await this.#newCaller(this.#admin, 'reader', { rules: ['*/*'] });
    this.#outsider = await this.#newCaller(this.#admin, 'outsider', { rules: ['nothing/*'] });
    await this.#must(201, this.#admin, 'PUT', `/admin/providers/${this.#name}`, { body: { type: this.#failure.type } });
    this.#expect(this.#admin, 'provider.created');
    await this.#connect('held', true);
    await this.#connect('paused', true);
    await this.#must(200, this.#admin, 'POST', `${this.#path('paused')}/pause`);
    this.#expect(this.#admin, 'connection.paused');
    await this.#connect('renewed', true);
    await this.#prepareDeadKeys();
  }

  /** One step of the kind that chance picks. */
  async step(): Promise<void> {
    const { random } = this.options;
    const steps = [
      { weight: 34, run: () => this.#read() },
      { weight: 14, run: () => this.#refused() },
      { weight: 12, run: () => this.#unauthenticated() },
      { weight: 10, run: () => this.#wrongRole() },
      { weight: 10, run: () => this.#malformed() },
      { weight: 10, run: () => this.#renew() },
      { weight: 4, run: () => this.#renewNow() },
      { weight: 3, run: () => this.#fail() },
      { weight: 2, run: () => this.#changeCaller() },
      { weight: 2, run: () => this.#changeConnection() },
      { weight: 3, run: () => this.#changeNothing() },
    ];
    await random.weighted(steps).run();
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.close()));
  }

  #read(): Promise<void> {
    return this.#many(async () => {
      await this.#mustToken(200, this.#reader, { connection: 'held' });
      this.#expect(this.#reader, 'token.issued');
    });
  }

  #refused(): Promise<void> {
    return this.#many(async (place) => {
      const paused = place % 3 === 0;
      const who = place % 3 === 1 ? this.#outsider : this.#reader;
      const connection = paused ? 'paused' : place % 3 === 1 ? 'held' : 'absent';
      await this.#mustToken(paused ? 409 : 404, who, { connection });
      this.#expect(who, 'token.refused', 'refused');
    });
  }

  /** Some of them a flood: far more than five a source and minute. */
  #unauthenticated(): Promise<void> {
    const { random } = this.options;
    return this.#many(async (place) => {
      const pool = random.pick(this.#pools);
      const authorization = random.pick(this.#dead);
      const paths = ['/providers', `/providers/${this.#name}/token?connection=held`, '/admin/callers', '/audit/events'];
      const { status } = await this.#send('GET', paths[place % paths.length] ?? '', { authorization }, pool);
      this.#check(401, status, `no valid key: ${authorization?.slice(0, 12)}`);
      this.#expect('anonymous', 'authentication.failed', 'refused');
    });
  }

  #wrongRole(): Promise<void> {
    return this.#many(async (place) => {
      const calls = [
        ['GET', '/admin/callers'],
        ['GET', '/audit/events'],
        ['DELETE', `/admin/providers/${this.#name}`],
        ['POST', `${this.#path('held')}/refresh`],
        ['PUT', '/admin/callers/mine', { body: { roles: ['admin'] } }],
      ] as const;
      const [method, path, sent] = calls[place % calls.length] ?? calls[0];
      await this.#must(403, this.#reader, method, path, sent);
      this.#expect(this.#reader, 'authorization.refused', 'refused');
    });
  }

  /** What can be read, but is wrong, is a refusal of who asked; what cannot be read is nobody's. */
  #malformed(): Promise<void> {
    return this.#many(async (place) => {
      const token = `/providers/${this.#name}/token`;
      const post = (text: string): Promise<Answer> => this.#must(400, this.#reader, 'POST', token, { text });
      if (place % 5 === 0) {
        await post('{"connection":');
      } else if (place % 5 === 1) {
        await this.#must(400, this.#admin, 'PUT', '/admin/callers/wrong', { body: { roles: ['root'] } });
      } else {
        await (place % 5 === 2
          ? this.#must(400, this.#reader, 'GET', `${token}?connection=held&min_ttl=soon`)
          : post(place % 5 === 3 ? '{"rejected_generation":"1"}' : '[]'));
        this.#expect(this.#reader, 'token.refused', 'refused');
      }
    });
  }

  /** The provider refused the token: one attempt, and the token that it gave. */
  async #renew(): Promise<void> {
    const asked = { connection: 'renewed', rejected_generation: this.#generation };
    const { body } = await this.#mustToken(200, this.#reader, asked);
    this.#generation = Number(body['generation']);
    this.#expectAttempt(this.#reader, 'ok');
    this.#expect(this.#reader, 'token.issued');
  }

  async #renewNow(): Promise<void> {
    const { body } = await this.#must(200, this.#admin, 'POST', `${this.#path('renewed')}/refresh`);
    this.#check('ok', body['outcome'], 'refresh now');
    this.#generation += 1;
    this.#expectAttempt(this.#admin, 'ok');
  }

  async #fail(): Promise<void> {
    const { sandbox } = this.options;
    const { type, answer, outcome } = this.#failure;
    const connection = this.#newName();
    const credential = await this.#connect(connection, true);
    sandbox.fault(type, { kind: 'answer', id: answer, credential });
    const { status } = await this.#token(this.#reader, { connection, rejected_generation: 1 });
    this.#check(true, [409, 502, 503].includes(status), `a failure of ${type}: ${status}`);
    this.#expectAttempt(this.#reader, outcome);
    this.#expect(this.#reader, 'token.refused', 'refused');
    await this.#must(204, this.#admin, 'DELETE', this.#path(connection));
    this.#expect(this.#admin, 'connection.deleted');
  }

  async #changeCaller(): Promise<void> {
    const caller = `${this.#name}-${this.#newName()}`;
    const path = `/admin/callers/${caller}`;
    const { key } = await this.#newCaller(this.#admin, this.#newName(), {});
    await this.#must(201, this.#admin, 'PUT', path, { body: { rules: ['klavi/*'] } });
    await this.#must(200, this.#admin, 'PUT', path, { body: {} });
    await this.#must(200, this.#admin, 'PATCH', path, { body: { description: 'changed' } });
    this.#expect(this.#admin, 'caller.created');
    this.#expect(this.#admin, 'caller.updated', 'ok', 2);
    const issued = await this.#must(201, this.#admin, 'POST', `${path}/keys`, { body: {} });
    this.#expect(this.#admin, 'key.issued');
    for (let revocation = 0; revocation < 2; revocation += 1) {
      await this.#must(204, this.#admin, 'DELETE', `${path}/keys/${String(issued.body['key_id'])}`);
    }
    this.#expect(this.#admin, 'key.revoked');
    await this.#must(204, this.#admin, 'DELETE', path);
    this.#expect(this.#admin, 'caller.deleted');
    this.#dead.push(`Bearer ${String(issued.body['key'])}`, `Bearer ${withOtherSecret(key)}`);
  }

  async #changeConnection(): Promise<void> {
    const connection = this.#newName();
    await this.#connect(connection, true);
    await this.#connect(connection, false);
    const path = this.#path(connection);
    const { sandbox } = this.options;
    const { credential } = bodyOf(await sandbox.issue(this.#failure.type));
    await this.#must(200, this.#admin, 'PATCH', path, { body: { credential } });
    await this.#must(200, this.#admin, 'PATCH', path, { body: {} });
    this.#expect(this.#admin, 'connection.updated');
    await this.#must(200, this.#admin, 'POST', `${path}/pause`);
    await this.#must(200, this.#admin, 'POST', `${path}/resume`);
    this.#expect(this.#admin, 'connection.paused');
    this.#expect(this.#admin, 'connection.resumed');
    await this.#must(204, this.#admin, 'DELETE', path);
    this.#expect(this.#admin, 'connection.deleted');
    const provider = `/admin/providers/${this.#name}-${this.#newName()}`;
    await this.#must(201, this.#admin, 'PUT', provider, { body: { type: 'klavi' } });
    await this.#must(200, this.#admin, 'PUT', provider, { body: { type: 'klavi' } });
    await this.#must(204, this.#admin, 'DELETE', provider);
    for (const action of ['provider.created', 'provider.updated', 'provider.deleted'] as const) {
      this.#expect(this.#admin, action);
    }
  }

  /** Changes that are refused, and questions: nothing of them is in the log. */
  async #changeNothing(): Promise<void> {
    const stale = { headers: { 'if-match': '"stale"' }, body: { description: 'x' } };
    await this.#must(412, this.#admin, 'PATCH', `/admin/callers/${this.#reader.caller}`, stale);
    await this.#must(404, this.#admin, 'DELETE', `/admin/callers/${this.#newName()}`);
    await this.#must(404, this.#admin, 'POST', `${this.#path('absent')}/pause`);
    await this.#must(409, this.#admin, 'DELETE', `/admin/providers/${this.#name}`);
    await this.#must(200, this.#admin, 'GET', '/admin/callers');
    await this.#must(200, this.#reader, 'GET', '/providers');
  }

  /** None, unreadable, unknown, wrong, revoked, expired, and of a caller that is gone. */
  async #prepareDeadKeys(): Promise<void> {
    const gone = await this.#newCaller(this.#admin, 'gone', {});
    await this.#must(204, this.#admin, 'DELETE', `/admin/callers/${gone.caller}`);
    this.#expect(this.#admin, 'caller.deleted');
    const late = await this.#newCaller(this.#admin, 'late', {});
    const past = { body: { expires_at: '2020-01-01T00:00:00Z' } };
    await this.#must(200, this.#admin, 'PATCH', `/admin/callers/${late.caller}`, past);
    this.#expect(this.#admin, 'caller.updated');
    const keys = ['nonsense', newApiKey().text.reveal(), withOtherSecret(this.#reader.key), gone.key, late.key];
    this.#dead.push('Basic YTpi', `Bearer ${this.#reader.key}x`, ...keys.map((key) => `Bearer ${key}`));
  }

  async #newCaller(by: Keyed, role: string, fields: object): Promise<Keyed> {
    const caller = `${this.#name}-${role}`;
    await this.#must(201, by, 'PUT', `/admin/callers/${caller}`, { body: fields });
    const { body } = await this.#must(201, by, 'POST', `/admin/callers/${caller}/keys`, { body: {} });
    this.#expect(by, 'caller.created');
    this.#expect(by, 'key.issued');
    return { caller, key: String(body['key']) };
  }

  /** Gives the id of the credential at the sandbox. */
  async #connect(connection: string, created: boolean): Promise<string> {
    const issued = await this.options.sandbox.issue(this.#failure.type);
    const body = { ...bodyOf(issued), token: broughtToken(`${this.#name}-${connection}`, DAY_SECONDS) };
    await this.#must(created ? 201 : 200, this.#admin, 'PUT', this.#path(connection), { body });
    this.#expect(this.#admin, created ? 'connection.created' : 'connection.replaced');
    return issued.id;
  }

  #expectAttempt(by: Keyed, outcome: 'ok' | (typeof FAILURES)[number]['outcome']): void {
    this.attempts += 1;
    this.#expect(by, 'refresh.started', 'started');
    this.#expect(by, outcome === 'ok' ? 'refresh.succeeded' : 'refresh.failed', outcome);
  }

  #expect(
    actor: ModelActor,
    action: Parameters<AuditModel['expect']>[1],
    outcome: Parameters<AuditModel['expect']>[2] = 'ok',
    count = 1,
  ): void {
    this.options.model.expect(actor, action, outcome, count);
  }

  #token(by: Keyed, asked: Readonly<Record<string, string | number>>): Promise<Answer> {
    const { random } = this.options;
    const path = `/providers/${this.#name}/token`;
    if ('rejected_generation' in asked || random.next() < 0.5) {
      return this.#as(by, 'POST', path, { body: asked });
    }
    return this.#as(by, 'GET', `${path}?connection=${asked['connection']}`);
  }

  async #mustToken(status: number, by: Keyed, asked: Readonly<Record<string, string | number>>): Promise<Answer> {
    const answer = await this.#token(by, asked);
    this.#check(status, answer.status, `the token of ${JSON.stringify(asked)}: ${JSON.stringify(answer.body)}`);
    return answer;
  }

  async #must(status: number, by: Keyed, method: string, path: string, sent: Sent = {}): Promise<Answer> {
    const answer = await this.#as(by, method, path, sent);
    this.#check(status, answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer;
  }

  #as({ key }: Keyed, method: string, path: string, sent: Sent = {}): Promise<Answer> {
    return this.#send(method, path, { ...sent, authorization: `Bearer ${key}` });
  }

  async #send(method: string, path: string, sent: Sent, pool = this.#pools[0]): Promise<Answer> {
    this.requests += 1;
    const text = sent.text ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body));
    const headers = {
      ...sent.headers,
      ...(sent.authorization === undefined ? {} : { authorization: sent.authorization }),
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const options = { method, path, headers, ...(text === undefined ? {} : { body: text }) };
    const { statusCode, body } = await (pool as Pool).request(options as Parameters<Pool['request']>[0]);
    const answer = await body.text();
    return { status: statusCode, body: answer === '' ? {} : (JSON.parse(answer) as Answer['body']) };
  }

  /** The model stands on what the broker answers: another answer is a fault of one of them. */
  #check(expected: unknown, given: unknown, what: string): void {
    if (given !== expected) {
      throw new Error(`${this.#name}: ${String(given)} where ${String(expected)} was expected. ${what}`);
    }
  }

  async #many(call: (place: number) => Promise<void>): Promise<void> {
    const count = this.options.random.between(1, MOST_AT_ONCE);
    await Promise.all(Array.from({ length: count }, (_, place) => call(place)));
  }

  #newName(): string {
    this.#made += 1;
    return `n-${this.#made}`;
  }

  #path(connection: string): string {
    return pathOf(this.#name, connection);
  }
}
