import type { ConnectionName } from '@app/common';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Connection } from './connection.js';
import { type FoundConnection, GatheredReads } from './gathered-reads.js';

const named = (connection: string): ConnectionName => ({ provider: 'klavi', connection });
const held = (connection: string): Connection => ({ connection }) as Connection;
const endOfTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** One statement that waits for the test to answer it. */
interface Statement {
  readonly names: readonly string[];
  answer(found: readonly FoundConnection[]): void;
  fail(error: Error): void;
}

describe(GatheredReads.name, () => {
  let statements: Statement[];
  let sut: GatheredReads;

  beforeEach(() => {
    statements = [];
    sut = new GatheredReads(
      (names) =>
        new Promise((answer, fail) => {
          statements.push({ names: names.map(({ connection }) => connection), answer, fail });
        }),
    );
  });

  const names = () => statements.map((statement) => statement.names);

  /** Every name but those that begin with "no" has a connection. */
  const answerAll = (): void =>
    statements.forEach((statement) =>
      statement.answer(
        statement.names.flatMap((name, index) =>
          name.startsWith('no') ? [] : [{ index, connection: Promise.resolve(held(name)) }],
        ),
      ),
    );

  it('should read in one statement what was asked for in one turn, and one name once', async () => {
    const asked = ['acme', 'globex', 'nobody', 'acme'].map((name) => sut.find(named(name)));
    await endOfTurn();
    answerAll();
    await expect(Promise.all(asked)).resolves.toEqual([held('acme'), held('globex'), undefined, held('acme')]);
    expect(names()).toEqual([['acme', 'globex', 'nobody']]);
  });

  it('should never join a read that was sent: what it finds may be older than the question', async () => {
    const before = sut.find(named('acme'));
    await endOfTurn();
    const after = sut.find(named('acme'));
    await endOfTurn();
    expect(names()).toEqual([['acme'], ['acme']]);
    statements[0]?.answer([{ index: 0, connection: Promise.resolve(held('old')) }]);
    statements[1]?.answer([{ index: 0, connection: Promise.resolve(held('new')) }]);
    await expect(Promise.all([before, after])).resolves.toEqual([held('old'), held('new')]);
  });

  it('should gather while two statements are under way, and send at the end of either', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      void sut.find(named(name));
      await endOfTurn();
    }
    expect(names()).toEqual([['a'], ['b']]);
    statements[1]?.answer([]);
    await endOfTurn();
    expect(names()).toEqual([['a'], ['b'], ['c', 'd']]);
  });

  it('should send on where statements hang', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      for (const name of ['a', 'b', 'c']) {
        void sut.find(named(name));
        await endOfTurn();
      }
      expect(names()).toEqual([['a'], ['b']]);
      jest.advanceTimersByTime(50);
      expect(names()).toEqual([['a'], ['b'], ['c']]);
      // One that ends late frees no second place.
      statements[0]?.answer([]);
      await endOfTurn();
      for (const name of ['d', 'e']) {
        void sut.find(named(name));
        await endOfTurn();
      }
      expect(names().slice(3)).toEqual([['d']]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('should let whoever asked hear of a statement that failed, and ask anew afterwards', async () => {
    const asked = [sut.find(named('acme')), sut.find(named('globex'))];
    await endOfTurn();
    statements[0]?.fail(new Error('away'));
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const again = sut.find(named('acme'));
    await endOfTurn();
    answerAll();
    await expect(again).resolves.toEqual(held('acme'));
  });

  it('should tell of one that does not open only who asked for it', async () => {
    const asked = [sut.find(named('acme')), sut.find(named('globex'))];
    await endOfTurn();
    statements[0]?.answer([
      { index: 1, connection: Promise.resolve(held('globex')) },
      { index: 0, connection: Promise.reject(new Error('changed')) },
    ]);
    await expect(asked[0]).rejects.toThrow('changed');
    await expect(asked[1]).resolves.toEqual(held('globex'));
  });

  it('should take no more than two hundred names into one statement', async () => {
    const asked = Array.from({ length: 401 }, (_, index) => sut.find(named(`c${index}`)));
    await endOfTurn();
    expect(statements.map((statement) => statement.names.length)).toEqual([200, 200]);
    answerAll();
    await endOfTurn();
    answerAll();
    expect((await Promise.all(asked)).map((found) => found?.connection)).toEqual(asked.map((_, index) => `c${index}`));
  });
});
