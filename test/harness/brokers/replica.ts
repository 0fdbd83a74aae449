import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { inPackage } from '@app/common';
import type { Timing } from '@app/config';
import type { BrokersDatabase } from './brokers-database.js';
import { until } from './until.js';

/** Bundled, as what users run. */
const PROGRAM = inPackage('dist', 'test/bundle/main.js');
const READY = 'Stop with Ctrl-C';
/** A replica that is frozen answers nothing at all: whoever asks one by mistake must hear of it. */
const ANSWERS_WITHIN_MS = 45_000;
/** Other streams may be opened at any time, but only a start writes this event into one. */
const NEWEST_START = `
select s.replica from audit_events e join audit_streams s on s.id = e.stream
where e.action = 'replica.started' order by e.stream desc limit 1`;

/** How a replica is started. */
export interface ReplicaOptions {
  readonly database: BrokersDatabase;
  /** Folder of the keys that all replicas share. */
  readonly dataDir: string;
  /** This replica's own folder for answers that are not stored yet; it outlives the process. */
  readonly spoolDir: string;
  /** Times of the protocol that differ from production's. */
  readonly timing?: Partial<Timing>;
  /** How far its clock is off. */
  readonly clockMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** An answer of a broker. */
export interface BrokerAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly url: string;
  readonly adminKey: string;
  readonly id: string;
}

/** A broker in a process of its own, which can be killed, frozen and started again. */
export class Replica {
  #run: Run | undefined;
  #output = '';

  constructor(readonly options: ReplicaOptions) {}

  /** The id that this start signs its attempts with (`attempts.holder`). */
  get id(): string {
    return this.#running().id;
  }

  get url(): string {
    return this.#running().url;
  }

  get pid(): number {
    return this.#running().child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  /** Resolves with the exit code once it ended by itself. */
  get ended(): Promise<number | null> {
    return this.#running().ended;
  }

  /** Everything that it printed, over all its starts. */
  output = (): string => this.#output;

  /** Starts it, or starts it again with the same spool. One at a time: its id is that of the newest start in the log. */
  async start(): Promise<this> {
    const { database, dataDir, spoolDir, timing = {}, clockMs = 0, environment } = this.options;
    await mkdir(spoolDir, { recursive: true, mode: 0o700 });
    const { PATH, HOME } = process.env;
    const own = { DATABASE_URL: database.url, DATA_DIR: dataDir, SPOOL_DIR: spoolDir, PORT: '0', SANDBOX: 'off' };
    const faults = { FAULT_TIMING: JSON.stringify(timing), FAULT_CLOCK_MS: String(clockMs) };
    const env = { PATH, HOME, ...own, ...faults, ...environment };
    const child = spawn(process.execPath, [PROGRAM], { env, stdio: 'pipe' });
    const ended = once(child, 'close').then(([code]) => code as number | null);
    const text = await this.#untilReady(child, ended);
    const [started] = await database.rows<{ replica: string }>(NEWEST_START);
    this.#run = {
      child,
      ended,
      url: /"url":"([^"]+)"/.exec(text)?.[1] ?? '',
      adminKey: /Admin key +(\S+)/.exec(text)?.[1] ?? '',
      id: started?.replica ?? '',
    };
    return this;
  }

  /** Ends it at once. */
  kill = (): Promise<number | null> => this.#end('SIGKILL');

  /** Ends it as an orchestrator does; resolves with the exit code. */
  stop = (): Promise<number | null> => this.#end('SIGTERM');

  /** Stops it where it is; the world goes on. */
  freeze = (): void => void this.#running().child.kill('SIGSTOP');

  thaw = (): void => void this.#running().child.kill('SIGCONT');

  /** Asks it something as the administrator, who may also read every token. */
  async ask(method: string, path: string, body?: unknown): Promise<BrokerAnswer> {
    const { url, adminKey } = this.#running();
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, {
      method,
      ...sent,
      headers: { authorization: `Bearer ${adminKey}`, ...type },
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as BrokerAnswer['body']) };
  }

  /** Files of its spool that hold an answer. */
  async spooled(): Promise<readonly string[]> {
    const names = await readdir(this.options.spoolDir, { recursive: true });
    return names.filter((name) => name.endsWith('.answer'));
  }

  /** Resolves once an answer lies in its spool. */
  untilSpooled = (ms?: number): Promise<unknown> =>
    until('an answer is in the spool', async () => (await this.spooled()).length > 0, ms);

  untilSpoolEmpty = (ms?: number): Promise<unknown> =>
    until('the spool is empty', async () => (await this.spooled()).length === 0, ms);

  #running(): Run {
    if (this.#run === undefined) {
      throw new Error('This replica does not run.');
    }
    return this.#run;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const run = this.#run;
    if (run === undefined) {
      return null;
    }
    this.#run = undefined;
    run.child.kill(signal);
    return run.ended;
  }

  #untilReady(child: ChildProcess, ended: Promise<unknown>): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = '';
      const hear = (chunk: unknown): void => {
        text += String(chunk);
        this.#output += String(chunk);
        if (text.includes(READY)) {
          resolve(text);
        }
      };
      child.stdout?.on('data', hear);
      child.stderr?.on('data', hear);
      void ended.then((code) => reject(new Error(`A broker ended with ${String(code)} at its start:\n${text}`)));
    });
  }
}
