import { Secret } from '@app/common';
import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { Envelopes } from './envelopes.js';
import { type EncryptionKeyEntry, generateKeyFile, type KeyState } from './key-file.js';
import { Keyring } from './keyring.js';
import { LocalKeys } from './local-keys.js';

const place = { table: 'connections', row: 'a1', column: 'credential', generation: 7 };

/** `{"refresh_token":"r1"}` at that place, under the key `k-first` of 32 bytes 7. */
const SEALED_BY_FIRST_RELEASE =
  'AQdrLWZpcnN0AFBzLV89X5vvWZZDq7NxGoUi2gQWoDm7DTulMIga/LJ7MH5whty/yvUeaSVYHWPa4cqEeCYJF+lPjs0nBNbh69X7RkLwbOl27Uwykt4tt7InqMNGtYMjlNqGXOvg22RzrnSDkyqya0UfJ11TRFjDGQ7whO7l3TixqRyaglEYk9aJLr7p';

/** The same, as it is sealed since data keys are wrapped with keys that serve many. */
const SEALED_WITH_REMEMBERED_KEY =
  'AQdrLWZpcnN0AFx4N77kjGjOywTT3aqEPe07y3scHXjEUhx68tR4eL7rYbojiC3IO0Zjm3SIERwYCWCyyuyV3ibbACZyL1lyb991xO/WY4gpRcYrzDH1fVDwXrVgGRLrkyv6Mq8HslNe/BESSKtch4lBguIY6xXi61tNdamuq1CDaS9WPv4dwEJsuNRjU71qol6MciT21/MV';

const newKey = (id: string, state: KeyState): EncryptionKeyEntry => ({
  id,
  state,
  key: new Secret(randomBytes(32).toString('base64')),
});

const keyringOf = (...keys: readonly EncryptionKeyEntry[]): Keyring =>
  new Keyring({ ...generateKeyFile(), encryption: { keys } });

const newEnvelopes = (): Envelopes => new Envelopes(new Keyring(generateKeyFile()));

describe('Envelopes', () => {
  it.each([
    ['a text', '{"refresh_token":"ü"}'],
    ['an empty value', ''],
    ['a megabyte', randomBytes(2 ** 20)],
  ])('should open what it sealed: %s', async (_name, plain) => {
    const sut = newEnvelopes();
    const opened = await sut.open(await sut.seal(plain, place), place);
    expect(opened.equals(Buffer.from(plain))).toBe(true);
  });

  it.each([
    ['the first format', SEALED_BY_FIRST_RELEASE],
    ['the format of today', SEALED_WITH_REMEMBERED_KEY],
  ])('should open what is stored in %s', async (_name, sealed) => {
    const key = Buffer.alloc(32, 7).toString('base64');
    const sut = new Envelopes(keyringOf({ id: 'k-first', state: 'primary', key: new Secret(key) }));
    await expect(sut.open(Buffer.from(sealed, 'base64'), place)).resolves.toEqual(
      Buffer.from('{"refresh_token":"r1"}'),
    );
  });

  it('should refuse a value of the first format with any one bit changed', async () => {
    const key = Buffer.alloc(32, 7).toString('base64');
    const sut = new Envelopes(keyringOf({ id: 'k-first', state: 'primary', key: new Secret(key) }));
    const sealed = Buffer.from(SEALED_BY_FIRST_RELEASE, 'base64');
    const opened = [...sealed.keys()].map((index) => {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      return opens(sut, changed);
    });
    expect(await Promise.all(opened)).not.toContain(true);
  });

  it('should open a view into a larger array, as database drivers return it', async () => {
    const sut = newEnvelopes();
    const sealed = await sut.seal('plain', place);
    const larger = new Uint8Array(sealed.length + 20);
    larger.set(sealed, 11);
    expect((await sut.open(larger.subarray(11, 11 + sealed.length), place)).toString()).toBe('plain');
  });

  it('should give different bytes for the same value', async () => {
    const sut = newEnvelopes();
    expect((await sut.seal('plain', place)).equals(await sut.seal('plain', place))).toBe(false);
  });

  it('should refuse a value with any one bit changed', async () => {
    const sut = newEnvelopes();
    const sealed = await sut.seal('plain', place);
    const opened = [...sealed.keys()].flatMap((index) =>
      [1, 2, 4, 8, 16, 32, 64, 128].map((bit) => {
        const changed = Buffer.from(sealed);
        changed[index] = (changed[index] ?? 0) ^ bit;
        return opens(sut, changed);
      }),
    );
    expect(await Promise.all(opened)).not.toContain(true);
  });

  it('should refuse a value cut short anywhere, or continued', async () => {
    const sut = newEnvelopes();
    const sealed = await sut.seal('plain', place);
    const cuts = [...sealed.keys()].map((length) => opens(sut, sealed.subarray(0, length)));
    expect(await Promise.all(cuts)).not.toContain(true);
    expect(await opens(sut, Buffer.concat([sealed, Buffer.from([0])]))).toBe(false);
  });

  it.each([
    ['another table', { ...place, table: 'providers' }],
    ['another row', { ...place, row: 'a2' }],
    ['another column', { ...place, column: 'token' }],
    ['an older generation', { ...place, generation: 6 }],
    ['a newer generation', { ...place, generation: 8 }],
    ['names that join to the same text', { ...place, table: 'connectionsa', row: '1' }],
  ])('should refuse a value moved to %s', async (_name, elsewhere) => {
    const sut = newEnvelopes();
    const sealed = await sut.seal('plain', place);
    await expect(sut.open(sealed, elsewhere)).rejects.toThrow(/connections?a?\.|providers\./);
  });

  it('should refuse a generation that is no whole number', async () => {
    await expect(newEnvelopes().seal('plain', { ...place, generation: 1.5 })).rejects.toThrow('whole number');
  });

  it('should name the key that is missing, and no content', async () => {
    const sealed = await new Envelopes(keyringOf(newKey('k-old', 'primary'))).seal('canary', place);
    const sut = newEnvelopes();
    await expect(sut.open(sealed, place)).rejects.toThrow(
      'sealed with key "k-old", which the key file does not hold: add that key to KEYS_FILE',
    );
    expect(inspect(await errorOf(sut.open(sealed, place)))).not.toContain('canary');
  });

  it('should name the key where another key has its id', async () => {
    const sealed = await new Envelopes(keyringOf(newKey('k-1', 'primary'))).seal('plain', place);
    const sut = new Envelopes(keyringOf(newKey('k-1', 'primary')));
    await expect(sut.open(sealed, place)).rejects.toThrow('does not open with key k-1');
  });

  it.each(['pending', 'decrypt_only', 'retired'] as const)(
    'should open with a key that is %s, and seal with the primary one',
    async (state) => {
      const [first, second] = [newKey('k-1', 'primary'), newKey('k-2', 'primary')];
      const sealed = await new Envelopes(keyringOf(first)).seal('plain', place);
      const sut = new Envelopes(keyringOf({ ...first, state }, second));
      expect((await sut.open(sealed, place)).toString()).toBe('plain');
      await expect(new Envelopes(keyringOf(second)).open(await sut.seal('new', place), place)).resolves.toBeDefined();
    },
  );

  describe('rewrap', () => {
    const [first, second] = [newKey('k-1', 'primary'), newKey('k-2', 'primary')];
    const sut = new Envelopes(keyringOf({ ...first, state: 'decrypt_only' }, second));

    it('should change the key and leave the ciphertext', async () => {
      const before = await new Envelopes(keyringOf(first)).seal('plain', place);
      const after = await sut.rewrap(before, place);
      expect(after?.subarray(-33).equals(before.subarray(-33))).toBe(true);
      expect((await new Envelopes(keyringOf(second)).open(after ?? Buffer.of(), place)).toString()).toBe('plain');
    });

    it('should leave alone what the primary key wrapped', async () => {
      await expect(sut.rewrap(await sut.seal('plain', place), place)).resolves.toBeUndefined();
    });

    it('should refuse what was moved, and what does not open', async () => {
      const before = await new Envelopes(keyringOf(first)).seal('plain', place);
      await expect(sut.rewrap(before, { ...place, generation: 8 })).rejects.toThrow('does not open with key k-1');
      const changed = Buffer.from(before);
      changed[before.length - 1] = (changed[before.length - 1] ?? 0) ^ 1;
      await expect(sut.rewrap(changed, place)).rejects.toThrow('does not open');
    });
  });

  it('should seal only one value with what it prepared', async () => {
    const prepared = await newEnvelopes().prepare(place);
    prepared.seal('one');
    expect(() => prepared.seal('two')).toThrow('one value');
  });

  it('should seal what it prepared although the key left the key file meanwhile', async () => {
    const key = newKey('k-1', 'primary');
    const local = new LocalKeys('file', [key]);
    const file = { ...generateKeyFile(), encryption: { keys: [key] } };
    const prepared = await new Envelopes(new Keyring(file, { providers: [local] })).prepare(place);
    local.replace([]);
    const sealed = prepared.seal('plain');
    expect(prepared.keyId).toBe('k-1');
    expect((await new Envelopes(keyringOf(key)).open(sealed, place)).toString()).toBe('plain');
  });

  it('should find out before anything is sealed that its key is not at hand', async () => {
    const file = { ...generateKeyFile(), encryption: { keys: [newKey('k-1', 'primary')] } };
    const sut = new Envelopes(new Keyring(file, { providers: [new LocalKeys('file', [])] }));
    await expect(sut.prepare(place)).rejects.toThrow('k-1');
  });

  it('should ask before it seals where nothing was heard for long, and go on where nobody answers', async () => {
    const keys = [newKey('k-1', 'primary'), newKey('k-2', 'pending')] as const;
    const keyring = keyringOf(...keys);
    const sut = new Envelopes(keyring);
    keyring.listenTo({ isCurrent: () => false, refresh: () => Promise.reject(new Error('The database is away.')) });
    expect((await sut.seal('plain', place)).toString('latin1')).toContain('k-1');
    const refresh = async (): Promise<void> =>
      keyring.follow([
        { id: 'k-1', reference: 'k-1', provider: 'file', state: 'decrypt_only' },
        { id: 'k-2', reference: 'k-2', provider: 'file', state: 'primary' },
      ]);
    keyring.listenTo({ isCurrent: () => false, refresh });
    expect((await sut.seal('plain', place)).toString('latin1')).toContain('k-2');
  });
});

const errorOf = (action: Promise<unknown>): Promise<unknown> =>
  action.then(
    () => undefined,
    (error: unknown) => error,
  );

/** False where it is refused with the error that is meant for it; any other error fails the test. */
async function opens(sut: Envelopes, sealed: Uint8Array): Promise<boolean> {
  const error = await errorOf(sut.open(sealed, place));
  if (error === undefined) {
    return true;
  }
  expect(error).toMatchObject({ code: 'internal_error' });
  return false;
}
