import type { AuditEvents, AuditQuery, RecordedEvent } from '@app/audit';
import { type ConnectionName, createLog, type Page } from '@app/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { HeldConnections } from './held.connections.js';
import { newConnection } from './testing/new-connection.js';
import { Warming } from './warming.js';

const NOW = Date.parse('2026-12-01T10:00:00Z');

const issued = (provider: string | null, connection: string | null) => ({ provider, connection }) as RecordedEvent;
const many = (count: number) => Array.from({ length: count }, (_, index) => issued('klavi', `c-${index}`));
const of = (items: RecordedEvent[]) => () => Promise.resolve({ items, nextCursor: null });

async function isDone(running: Promise<void>): Promise<boolean> {
  let done = false;
  void running.then(() => (done = true));
  await jest.advanceTimersByTimeAsync(0);
  return done;
}

describe(Warming.name, () => {
  let asked: AuditQuery[];
  let read: string[];
  let lines: string[];
  let search: () => Promise<Page<RecordedEvent>>;
  let share: (name: ConnectionName) => ReturnType<HeldConnections['share']>;
  let sut: Warming;

  beforeEach(() => {
    jest.useFakeTimers();
    [asked, read, lines] = [[], [], []];
    share = () => Promise.resolve(newConnection());
    const events: Pick<AuditEvents, 'search'> = { search: (query) => (asked.push(query), search()) };
    const held: Pick<HeldConnections, 'share'> = {
      share: (name) => (read.push(`${name.provider}/${name.connection}`), share(name)),
    };
    const log = createLog('debug', { write: (line: string) => void lines.push(line) });
    sut = new Warming(events as AuditEvents, held as HeldConnections, { now: () => NOW }, log);
  });

  afterEach(() => void jest.useRealTimers());

  it('should read what callers were given last, the newest first, each connection once', async () => {
    search = of([issued('klavi', 'b'), issued('onmeta', 'a'), issued('klavi', 'b'), issued('klavi', 'a')]);
    await sut.run();
    expect(asked).toEqual([{ action: 'token.issued', from: NOW - 300_000, limit: 1000 }]);
    expect(read).toEqual(['klavi/b', 'onmeta/a', 'klavi/a']);
    expect(lines).toEqual([]);
  });

  it('should pass over what has no connection, and go on after what cannot be read', async () => {
    search = of([issued(null, null), issued('klavi', null), ...many(100)]);
    share = () => Promise.reject(new Error('It does not open.'));
    await sut.run();
    expect(read).toHaveLength(100);
    expect(lines).toEqual([]);
  });

  it('should begin nothing any more when its time is over, and keep the start no longer', async () => {
    search = of(many(200));
    const answers: (() => void)[] = [];
    share = () => new Promise((resolve) => void answers.push(() => resolve(newConnection())));
    const running = sut.run();
    await jest.advanceTimersByTimeAsync(249);
    await expect(isDone(running)).resolves.toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await expect(isDone(running)).resolves.toBe(true);
    answers.forEach((answer) => answer());
    await jest.advanceTimersByTimeAsync(1000);
    expect(read).toHaveLength(64);
  });

  it('should keep the start no longer for a log that does not answer', async () => {
    search = () => new Promise(() => undefined);
    const running = sut.run();
    await jest.advanceTimersByTimeAsync(250);
    await expect(isDone(running)).resolves.toBe(true);
  });

  it('should say why the cache begins empty, and let the start go on', async () => {
    search = () => Promise.reject(new Error('The log cannot be read.'));
    await sut.run();
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('cache begins empty') }),
    ]);
  });

  it('should leave no timer behind', async () => {
    search = of(many(1));
    await sut.run();
    expect(jest.getTimerCount()).toBe(0);
  });
});
