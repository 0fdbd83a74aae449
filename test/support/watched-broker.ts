import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { auditEvents } from './audit-log.js';
import type { TestBroker } from './broker.js';
import { type Canaries, findCanaries } from './canaries.js';
import { dumpDatabase } from './test-database.js';

/** What an answer holds, as far as tests look into it. */
export type Body = Record<string, unknown> & { readonly generation?: number; readonly key?: string };

export interface Ask {
  readonly body?: object | string | undefined;
  /** The administrator's unless another is given. */
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

const run = promisify(execFile);

/** A broker of which everything is kept that leaves it: no canary may stand in it. */
export class WatchedBroker {
  /** Every answer: headers and body, without what a token answer is there to give. */
  readonly answers: string[] = [];
  /** What is written past the broker's own log. */
  readonly #spies = [process.stdout, process.stderr].map((stream) => jest.spyOn(stream, 'write'));

  constructor(
    readonly broker: TestBroker,
    readonly canaries: Canaries,
  ) {
    this.addKey('the administrator', broker.adminKey);
  }

  /** A key becomes a canary, and its secret part by itself. */
  addKey(of: string, key: string): void {
    this.canaries.set(`the key of ${of}`, key);
    this.canaries.set(`the secret of the key of ${of}`, key.split('_').slice(2).join('_').slice(0, 43));
  }

  /** Sends a request and keeps its answer; tokens and keys in it become canaries themselves. */
  async ask(method: string, path: string, { body, key = this.broker.adminKey, headers = {} }: Ask = {}): Promise<Body> {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const answer = await fetch(`${this.broker.url}${path}`, {
      method,
      headers: {
        ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    });
    const received = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true && received.startsWith('{');
    const json = (isJson && !path.startsWith('/audit/export') ? JSON.parse(received) : {}) as Body;
    const shown = answer.ok && /\/token$|\/keys$/.test(path.split('?')[0] ?? '') ? this.#withoutGift(json) : received;
    this.answers.push(`${method} ${answer.status} ${JSON.stringify([...answer.headers])} ${shown}`);
    return json;
  }

  /** Every canary that stands anywhere: `what in where`. */
  async search(): Promise<string[]> {
    return findCanaries(this.canaries, {
      'the log': this.broker.lines.join(''),
      'what was printed': this.#spies.flatMap(({ mock }) => mock.calls.map(([text]) => String(text))).join(''),
      'an answer': this.answers.join('\n'),
      'the metrics': await this.#read('/metrics'),
      'the description': await this.#read('/openapi.json'),
      'the audit log': JSON.stringify(await auditEvents(this.broker)),
      'the database': await dumpDatabase(),
      'a dump': await pgDump(),
      'the spool': await textOf(join(this.broker.dataDir, 'spool')),
    });
  }

  /** Writes as before. */
  release(): void {
    this.#spies.forEach((spy) => spy.mockRestore());
  }

  readonly #read = async (path: string): Promise<string> => (await fetch(`${this.broker.url}${path}`)).text();

  /** The answer without the one thing that it is there to give, which is a canary from now on. */
  #withoutGift({ access_token, authorization: _ready, extra, key, ...rest }: Body): string {
    const gifts = [access_token, key, ...Object.values((extra ?? {}) as Body)];
    // Numbers of transactions are no secrets, and too short to be searched for.
    gifts
      .filter((gift): gift is string => typeof gift === 'string' && gift.length > 20)
      .forEach((gift) => this.canaries.set(`handed out: ${gift.slice(0, 12)}… (${this.canaries.size})`, gift));
    return JSON.stringify(rest);
  }
}

/** What `pg_dump` writes; nothing where there is none that fits this Postgres: `dumpDatabase` reads the same rows. */
const pgDump = (): Promise<string> =>
  run('pg_dump', ['--inserts', `--dbname=${process.env['DATABASE_URL']}`], { maxBuffer: 256 * 1024 * 1024 }).then(
    ({ stdout }) => stdout,
    () => '',
  );

/** All files below a folder, names and texts. */
async function textOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  // One that is gone by now was a note that is not needed any more.
  const texts = files.map((file) => readFile(file, 'latin1').catch(() => ''));
  return `${files.join('\n')}\n${(await Promise.all(texts)).join('\n')}`;
}
