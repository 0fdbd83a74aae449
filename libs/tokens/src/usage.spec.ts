import { createLog } from '@app/common';
import type { ConnectionsRepository } from '@app/connections';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { newConnection, TRAITS } from './testing/new-connection.js';
import { Usage } from './usage.js';

const strict = (id: string) => newConnection({ id, traits: { ...TRAITS, rotation: 'strict' } });

describe(Usage.name, () => {
  let written: (readonly string[])[];
  let lines: string[];
  let broken: boolean;
  let sut: Usage;

  beforeEach(() => {
    jest.useFakeTimers();
    [written, lines, broken] = [[], [], false];
    const connections: Pick<ConnectionsRepository, 'markUsed'> = {
      markUsed: (ids) => (broken ? Promise.reject(new Error('gone')) : Promise.resolve(void written.push(ids))),
    };
    const log = createLog('debug', { write: (line: string) => void lines.push(line) });
    sut = new Usage(connections as ConnectionsRepository, log);
    sut.start();
  });

  afterEach(async () => {
    await sut.stop();
    jest.useRealTimers();
  });

  it('should write what was used every ten seconds, each connection once', async () => {
    ['a', 'b', 'a', 'a'].map(strict).forEach((connection) => sut.note(connection));
    await jest.advanceTimersByTimeAsync(9999);
    expect(written).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(written).toEqual([['a', 'b']]);
    sut.note(strict('b'));
    await jest.advanceTimersByTimeAsync(10_000);
    expect(written).toEqual([['a', 'b'], ['b']]);
  });

  it('should write nothing where nothing was used', async () => {
    await jest.advanceTimersByTimeAsync(60_000);
    expect(written).toEqual([]);
  });

  it.each(['static', 'grace'] as const)(
    'should not note what is renewed as usual in any case (%s)',
    async (rotation) => {
      sut.note(newConnection({ traits: { ...TRAITS, rotation } }));
      await sut.stop();
      expect(written).toEqual([]);
    },
  );

  it('should forget nothing that could not be written', async () => {
    sut.note(strict('a'));
    broken = true;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(lines).toHaveLength(1);
    sut.note(strict('b'));
    broken = false;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(written.map((ids) => ids.toSorted())).toEqual([['a', 'b']]);
  });

  it('should write the rest when it stops, and nothing after that', async () => {
    sut.note(strict('a'));
    await sut.stop();
    expect(written).toEqual([['a']]);
    sut.note(strict('b'));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(written).toHaveLength(1);
  });
});
