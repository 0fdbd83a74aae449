import { type AuditOrigin, AuditLog } from '@app/audit';
import { createLog, Log, revealAll, Secret } from '@app/common';
import { ConfigModule, type Timing, TIMING } from '@app/config';
import { type Connection, ConnectionsRepository } from '@app/connections';
import { generateKeyFile, Keyring } from '@app/crypto';
import { ChangeFeed, Database, DatabaseModule } from '@app/database';
import {
  type AttemptOptions,
  type AttemptResult,
  type EffectiveCredential,
  failed,
  type Failure,
  type IntrospectionOutcome,
  type OutboundAnswer,
  type Outcome,
  type Provider,
  RefreshExchange,
  type Step,
} from '@app/providers';
import { AttemptRecorder, Refresher, Scheduler, TokensModule } from '@app/tokens';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { eventually } from './eventually.js';
import { libraryConfig } from './library.js';
import { sql } from './test-database.js';

/** Work that nobody asked for. */
export const SYSTEM: AuditOrigin = { actor: { type: 'system' } };

/** Somebody's request. */
export const BILLING: AuditOrigin = {
  actor: { type: 'caller', caller: 'billing', keyId: 'billingkey01' },
  requestId: 'r-1',
  clientIp: '192.0.2.1',
};

/** The caller behind BILLING, so that its rights can be looked up anew. */
const REGISTER_BILLING = `
with caller as (insert into callers (name, rules) values ('billing', '{*/*}') on conflict do nothing)
insert into api_keys (key_id, caller, hash) values ('billingkey01', 'billing', '') on conflict do nothing`;

/** One request that reached the provider and waits for the test to answer it. */
export interface HeldRequest {
  readonly type: string;
  readonly step: Step;
  readonly secrets: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
  answer(outcome: Outcome): void;
}

/** One question whether a credential is still unused, which waits for the test to answer it. */
export interface HeldQuestion {
  readonly type: string;
  readonly secrets: Readonly<Record<string, string>>;
  answer(outcome: IntrospectionOutcome): void;
}

/** A provider whose answers the test gives, in place of the way out to the network. */
export class HeldProvider implements Pick<RefreshExchange, 'send' | 'introspect' | 'probe'> {
  /** Everything that was sent, oldest first. */
  readonly requests: HeldRequest[] = [];
  /** Every question that was asked, oldest first. */
  readonly questions: HeldQuestion[] = [];
  /** How often a bare connection was opened. */
  probes = 0;
  /** What no connection comes about for, bare or not; undefined while connections stand. */
  unreachable: Failure | undefined;
  /** What no question comes through for; undefined while they do. */
  unaskable: Failure | undefined;
  /** What passes while the connection is opened, right before the last look at the lease. */
  connecting: () => Promise<unknown> = () => Promise.resolve();
  #taken = 0;
  #answered = 0;

  async send(
    { type }: Provider,
    step: Step,
    { secrets, settings }: EffectiveCredential,
    { onConnected, mayWrite, onAnswer }: AttemptOptions,
  ): Promise<AttemptResult> {
    const refused = await this.#connect(onConnected, mayWrite);
    if (refused !== undefined) {
      return { outcome: refused, durationMs: 0 };
    }
    const outcome = await new Promise<Outcome>((answer) => {
      this.requests.push({ type, step, secrets: revealAll(secrets), settings, answer });
    });
    if (outcome.status !== null) {
      await onAnswer?.(rawAnswer(outcome.status));
    }
    return { outcome, durationMs: 12 };
  }

  async introspect(
    { type }: Provider,
    { secrets }: EffectiveCredential,
    { onConnected, mayWrite }: AttemptOptions,
  ): Promise<AttemptResult<IntrospectionOutcome>> {
    const refused = this.unaskable ?? (await this.#connect(onConnected, mayWrite));
    if (refused !== undefined) {
      return { outcome: refused, durationMs: 0 };
    }
    const outcome = await new Promise<IntrospectionOutcome>((answer) => {
      this.questions.push({ type, secrets: revealAll(secrets), answer });
    });
    return { outcome, durationMs: 3 };
  }

  probe(): Promise<Failure | undefined> {
    this.probes += 1;
    return Promise.resolve(this.unreachable);
  }

  /** The oldest request that no call of this has given yet; waits for it to come. */
  next(): Promise<HeldRequest> {
    return eventually(() => {
      const request = this.requests[this.#taken];
      if (request === undefined) {
        throw new Error('Nothing was sent to the provider.');
      }
      this.#taken += 1;
      return request;
    });
  }

  /** The oldest question that no call of this has given yet; waits for it to come. */
  nextQuestion(): Promise<HeldQuestion> {
    return eventually(() => {
      const question = this.questions[this.#answered];
      if (question === undefined) {
        throw new Error('The provider was asked nothing.');
      }
      this.#answered += 1;
      return question;
    });
  }

  /** Why nothing may be sent, or undefined. */
  async #connect(
    onConnected: AttemptOptions['onConnected'],
    mayWrite: AttemptOptions['mayWrite'],
  ): Promise<Failure | undefined> {
    if (this.unreachable !== undefined) {
      return this.unreachable;
    }
    await this.connecting();
    const allowed = (await onConnected?.()) !== false && mayWrite?.() !== false;
    return allowed ? undefined : failed('abandoned_before_send');
  }
}

const rawAnswer = (status: number): OutboundAnswer => ({
  status,
  contentType: 'application/json',
  retryAfter: undefined,
  body: '{}',
});

/** A success that issues this access token for half an hour and, where they are given, replaces fields of the credential. */
export const granted = (accessToken: string, credential: Readonly<Record<string, string>> = {}): Outcome => ({
  kind: 'ok',
  status: 200,
  grant: {
    accessToken: new Secret(accessToken),
    tokenType: 'Bearer',
    expiresInSeconds: 1800,
    expiryClamped: false,
    credential: Object.fromEntries(Object.entries(credential).map(([name, value]) => [name, new Secret(value)])),
    extra: {},
  },
});

/** The keys that all replicas of a test file share. */
const keyring = new Keyring(generateKeyFile());

@Global()
@Module({})
class LinesModule {
  static with(lines: string[]): DynamicModule {
    const log = createLog('debug', { write: (line: string) => void lines.push(line) });
    return { module: LinesModule, providers: [{ provide: Log, useValue: log }], exports: [Log] };
  }
}

/** All that issues and renews tokens, on the test file's database, without HTTP and with a provider in the test's hands. */
export interface TokenReplica {
  readonly module: TestingModule;
  readonly provider: HeldProvider;
  /** Every line that it logged, as JSON text. */
  readonly lines: readonly string[];
  /** The connection as it is stored now. */
  find(provider: string, connection: string): Promise<Connection>;
  stop(): Promise<void>;
}

/**
 * Starts one; several are replicas of each other. Its scheduler stands still until the test starts it. `timing` shortens times of
 * the protocol; `adjust` puts other parts in.
 */
export async function startTokenReplica(
  provider = new HeldProvider(),
  timing: Partial<Timing> = {},
  adjust: (builder: TestingModuleBuilder) => TestingModuleBuilder = (builder) => builder,
): Promise<TokenReplica> {
  const lines: string[] = [];
  const config = { ...libraryConfig, timing: { ...TIMING, quietMs: 0, ...timing } };
  const builder = Test.createTestingModule({
    imports: [ConfigModule.with(config), LinesModule.with(lines), DatabaseModule, TokensModule],
  })
    .overrideProvider(Keyring)
    .useValue(keyring)
    .overrideProvider(RefreshExchange)
    .useValue(provider);
  const module = await adjust(builder).compile();
  await sql(REGISTER_BILLING);
  await module.get(ChangeFeed).start();
  return {
    module,
    provider,
    lines,
    find: async (name, connection) => {
      const found = await module.get(ConnectionsRepository).find({ provider: name, connection });
      if (found === undefined) {
        throw new Error(`There is no connection ${name}/${connection}.`);
      }
      return found;
    },
    stop: async () => {
      await module.get(Scheduler).stop();
      await module.get(Refresher).drain();
      await module.get(AttemptRecorder).settle();
      await module.get(AuditLog).close();
      module.get(ChangeFeed).stop();
      await module.get(Database).close();
    },
  };
}
