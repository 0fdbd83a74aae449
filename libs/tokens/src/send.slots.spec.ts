import type { OpenAttempt } from '@app/connections';
import { describe, expect, it } from '@jest/globals';
import { SendSlots, type Slot } from './send.slots.js';
import { newOpenAttempt } from './testing/open-attempt.js';

const MOST = 8;

const attempt = (connectionId: string, overrides: Partial<OpenAttempt> = {}): OpenAttempt =>
  newOpenAttempt({ connectionId, trigger: 'schedule', ...overrides });

/** Takes slots and notes, in order, whose turn has come. */
class Takers {
  readonly begun: string[] = [];
  readonly slots = new Map<string, Slot>();

  constructor(readonly sut = new SendSlots()) {}

  /** Those that must not send are noted as "!name". */
  async take(name: string, overrides: Partial<OpenAttempt> = {}, isAdmitted = () => true): Promise<void> {
    void this.#noteTurn(name, this.sut.take(attempt(name, overrides), isAdmitted));
    await settle();
  }

  async #noteTurn(name: string, taken: Promise<Slot>): Promise<void> {
    const slot = await taken;
    this.begun.push(slot.maySend ? name : `!${name}`);
    this.slots.set(name, slot);
  }

  /** Eight of the provider `klavi`, which are sent. */
  async fill(): Promise<this> {
    for (let index = 1; index <= MOST; index += 1) {
      await this.take(`first-${index}`);
    }
    this.begun.length = 0;
    return this;
  }

  async free(name: string): Promise<void> {
    this.slots.get(name)?.free();
    await settle();
  }
}

const settle = () => new Promise((resolve) => void setImmediate(resolve));

describe(SendSlots.name, () => {
  it('should have eight of a provider sent at once, and the others in their order as those end', async () => {
    const takers = new Takers();
    const first = Array.from({ length: MOST }, (_, index) => `first-${index}`);
    for (const name of [...first, 'a', 'b']) {
      await takers.take(name);
    }
    expect(takers.begun.splice(0)).toEqual(first);
    await takers.free('first-3');
    expect(takers.begun).toEqual(['a']);
    await takers.free('a');
    expect(takers.begun).toEqual(['a', 'b']);
  });

  it('should keep no other provider waiting', async () => {
    const takers = await new Takers().fill();
    await takers.take('other', { provider: 'onmeta' });
    expect(takers.begun).toEqual(['other']);
  });

  it.each(['caller', 'admin'] as const)(
    'should send at once what is asked for by %s, and not count it',
    async (trigger) => {
      const takers = await new Takers().fill();
      await takers.take('asked', { trigger });
      expect(takers.begun).toEqual(['asked']);
      await takers.take('waits');
      await takers.free('asked');
      expect(takers.begun).toEqual(['asked']);
      await takers.free('first-1');
      expect(takers.begun).toEqual(['asked', 'waits']);
    },
  );

  it('should send at once what somebody waits for, though it waited already', async () => {
    const takers = await new Takers().fill();
    await takers.take('a');
    await takers.take('b');
    takers.sut.hurry({ id: 'b', provider: 'klavi' });
    await settle();
    expect(takers.begun).toEqual(['b']);
    // Nine are sent now: the next one waits for two of them.
    await takers.free('first-1');
    expect(takers.begun).toEqual(['b']);
    await takers.free('b');
    expect(takers.begun).toEqual(['b', 'a']);
  });

  it('should let both go on where a connection that was changed waits twice', async () => {
    const takers = await new Takers().fill();
    await takers.take('a', { id: 'one' });
    await takers.take('a', { id: 'other' });
    await takers.free('first-1');
    await takers.free('first-2');
    expect(takers.begun).toEqual(['a', 'a']);
  });

  it('should send at once what somebody waited for before its turn, but not its next renewal', async () => {
    const takers = await new Takers().fill();
    takers.sut.hurry({ id: 'a', provider: 'klavi' });
    await takers.take('a');
    expect(takers.begun).toEqual(['a']);
    takers.sut.forget('a');
    await takers.take('a');
    expect(takers.begun).toEqual(['a']);
  });

  it('should not have sent what waited while the circuit opened, and go on with the next one', async () => {
    const takers = await new Takers().fill();
    await takers.take('a', {}, () => false);
    await takers.take('b');
    await takers.free('first-1');
    expect(takers.begun).toEqual(['!a']);
    await takers.free('a');
    expect(takers.begun).toEqual(['!a', 'b']);
  });

  it('should not ask of what need not wait whether it is admitted still', async () => {
    const takers = new Takers();
    await takers.take('a', {}, () => false);
    expect(takers.begun).toEqual(['a']);
  });

  it('should send nobody away but who waits for this provider', async () => {
    const takers = await new Takers().fill();
    await takers.take('a');
    takers.sut.sendAway('onmeta');
    await settle();
    expect(takers.begun).toEqual([]);
    takers.sut.sendAway('klavi');
    await settle();
    expect(takers.begun).toEqual(['!a']);
    await takers.take('b');
    expect(takers.begun).toEqual(['!a']);
    for (const name of ['a', 'first-1']) {
      await takers.free(name);
    }
    expect(takers.begun).toEqual(['!a', 'b']);
  });

  it('should keep nobody waiting once the process stops, and let those send whose turn it is', async () => {
    const takers = await new Takers().fill();
    await takers.take('a');
    takers.sut.close();
    await settle();
    await takers.take('b');
    expect(takers.begun).toEqual(['!a', '!b']);
    for (const name of ['a', 'b', 'first-1']) {
      await takers.free(name);
    }
    await takers.take('c');
    expect(takers.begun).toEqual(['!a', '!b', 'c']);
  });
});
