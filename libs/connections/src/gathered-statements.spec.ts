import { describe, expect, it, jest } from '@jest/globals';
import { aloneWhereRefused, GatheredStatements, type SendTogether } from './gathered-statements.js';

/** What pg rejects with where Postgres undid a statement. */
const refusal = (): Error => Object.assign(new Error('deadlock detected'), { severity: 'ERROR', code: '40P01' });

const upperCase = (texts: readonly string[]): readonly string[] => texts.map((text) => text.toUpperCase());

describe(GatheredStatements.name, () => {
  it('should send what is asked for in one turn together, and answer each with its own', async () => {
    const send = jest.fn((texts: readonly string[]) => Promise.resolve(upperCase(texts)));
    const sut = new GatheredStatements(send);
    await expect(Promise.all(['a', 'b', 'c'].map((text) => sut.ask(text)))).resolves.toEqual(['A', 'B', 'C']);
    expect(send.mock.calls).toEqual([[['a', 'b', 'c']]]);
  });

  it('should send what is asked for while two are under way when one of them ends', async () => {
    const ends: (() => void)[] = [];
    const send = jest.fn(
      (texts: readonly string[]) => new Promise<readonly string[]>((end) => ends.push(() => end(upperCase(texts)))),
    );
    const sut = new GatheredStatements(send);
    for (const text of ['a', 'b', 'c', 'd']) {
      void sut.ask(text);
      await new Promise(setImmediate);
    }
    expect(send.mock.calls).toEqual([[['a']], [['b']]]);
    ends[0]?.();
    await new Promise(setImmediate);
    expect(send.mock.calls).toEqual([[['a']], [['b']], [['c', 'd']]]);
  });

  it('should fail for all whom a failed statement was sent for, and for nobody after them', async () => {
    const send = jest.fn(upperCase as unknown as SendTogether<string, string>).mockRejectedValueOnce(new Error('away'));
    const sut = new GatheredStatements(send);
    const asked = await Promise.allSettled(['a', 'b'].map((text) => sut.ask(text)));
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(sut.ask('c')).resolves.toBe('C');
  });
});

describe(aloneWhereRefused.name, () => {
  it('should send each alone where several are refused, so that only the one to blame fails', async () => {
    const send = jest.fn((texts: readonly string[]) =>
      texts.includes('bad') ? Promise.reject(refusal()) : Promise.resolve(upperCase(texts)),
    );
    const sut = new GatheredStatements(aloneWhereRefused(send));
    const [one, bad, other] = await Promise.allSettled(['a', 'bad', 'b'].map((text) => sut.ask(text)));
    expect([one, other]).toEqual([
      { status: 'fulfilled', value: 'A' },
      { status: 'fulfilled', value: 'B' },
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: '40P01' } });
    expect(send.mock.calls).toEqual([[['a', 'bad', 'b']], [['a']], [['bad']], [['b']]]);
  });

  it('should not repeat one that was alone', async () => {
    const send = jest.fn(() => Promise.reject(refusal()));
    await expect(aloneWhereRefused<string, string>(send)(['a'])).rejects.toThrow('deadlock');
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('should repeat nothing where it is not known what became of it', async () => {
    const send = jest.fn(() => Promise.reject(new Error('Connection terminated')));
    await expect(aloneWhereRefused<string, string>(send)(['a', 'b'])).rejects.toThrow('terminated');
    expect(send).toHaveBeenCalledTimes(1);
  });
});
