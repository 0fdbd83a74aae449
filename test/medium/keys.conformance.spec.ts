import { Secret } from '@app/common';
import {
  AwsKmsKeys,
  type EncryptionKey,
  Envelopes,
  generateKeyFile,
  type KeyProvider,
  Keyring,
  LocalKeys,
  VaultTransitKeys,
} from '@app/crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { type KeyService, startKms, startVault, VAULT_TOKEN } from '../support/key-services.js';

/** A second is promised; a busy machine adds to it. A silent service would never answer. */
const SOON_MS = 5000;
const PLACE = { table: 'connections', row: 'a1', column: 'credential', generation: 7 };
const ELSEWHERE = [
  ['another table', { ...PLACE, table: 'providers' }],
  ['another row', { ...PLACE, row: 'a2' }],
  ['another column', { ...PLACE, column: 'token' }],
  ['an older generation', { ...PLACE, generation: 6 }],
] as const;
const ARNS = ['1234abcd-12ab-34cd-56ef-1234567890ab', 'mrk-other'].map(
  (id) => `arn:aws:kms:eu-west-1:111122223333:key/${id}` as const,
);
const entry = (id: string) => ({ id, state: 'primary', key: new Secret(randomBytes(32).toString('base64')) }) as const;

/** A provider with two keys, and what stands behind it. */
interface Subject {
  readonly provider: KeyProvider;
  readonly keys: readonly [EncryptionKey, EncryptionKey];
  readonly service?: KeyService;
}

const keyOf = (provider: KeyProvider, id: string, reference = id): EncryptionKey =>
  ({ id, reference, provider: provider.name, state: 'primary' }) as const;

const local = (name: 'file' | 'env') => async (): Promise<Subject> => {
  const provider = new LocalKeys(name, [entry('k-1'), entry('k-2')]);
  return { provider, keys: [keyOf(provider, 'k-1'), keyOf(provider, 'k-2')] };
};

const newVault = (address: string, token = VAULT_TOKEN): VaultTransitKeys =>
  new VaultTransitKeys({
    address,
    mount: 'transit',
    namespace: undefined,
    key: 'claviger-1',
    token: async () => new Secret(token),
  });

const newKms = (endpoint: string): AwsKmsKeys =>
  new AwsKmsKeys(ARNS[0] ?? '', { endpoint, credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' } });

const SUBJECTS: Record<string, () => Promise<Subject>> = {
  file: local('file'),
  env: local('env'),
  'vault-transit': async () => {
    const service = await startVault(['claviger-1', 'claviger-2']);
    const provider = newVault(service.url);
    return { provider, keys: [keyOf(provider, 'claviger-1'), keyOf(provider, 'claviger-2')], service };
  },
  'aws-kms': async () => {
    const service = await startKms(ARNS);
    const provider = newKms(service.url);
    const [first] = provider.offered();
    return {
      provider,
      keys: [keyOf(provider, first?.id ?? '', ARNS[0]), keyOf(provider, 'mrk-other', ARNS[1])],
      service,
    };
  },
};

const envelopesOf = ({ provider, keys: [first, second] }: Subject): Envelopes =>
  new Envelopes(
    new Keyring(generateKeyFile(), { providers: [provider], first: [first, { ...second, state: 'pending' }] }),
  );

describe.each(Object.keys(SUBJECTS))('the key provider %s', (name) => {
  let subject: Subject;
  let envelopes: Envelopes;
  beforeAll(async () => {
    subject = (await SUBJECTS[name]?.()) as Subject;
    envelopes = envelopesOf(subject);
  });
  afterAll(() => subject.service?.close());

  it.each([
    ['nothing', Buffer.of()],
    ['one byte', Buffer.of(7)],
    ['a text', Buffer.from('{"refresh_token":"ü"}')],
    ['five megabytes', randomBytes(5 * 2 ** 20)],
  ])('should open what it sealed: %s', async (_, plain) => {
    const opened = await envelopes.open(await envelopes.seal(plain, PLACE), PLACE);
    expect(opened.equals(plain)).toBe(true);
  });

  it('should name itself, and offer its key', () => {
    expect(subject.provider.name).toBe(name);
    expect(subject.provider.offered()).toContainEqual({
      id: subject.keys[0].id,
      reference: subject.keys[0].reference,
    });
  });

  it('should give different bytes for one data key', async () => {
    const dataKey = randomBytes(32);
    const wrap = (): Promise<Buffer> => subject.provider.wrap(subject.keys[0], dataKey, PLACE);
    const [one, other] = [await wrap(), await wrap()];
    expect(one.equals(other)).toBe(false);
    expect(one.includes(dataKey)).toBe(false);
  });

  it.each(ELSEWHERE)('should refuse a data key that was moved to %s', async (_, elsewhere) => {
    const wrapped = await subject.provider.wrap(subject.keys[0], randomBytes(32), PLACE);
    await expect(subject.provider.unwrap(subject.keys[0], wrapped, elsewhere)).rejects.toMatchObject({
      code: 'internal_error',
      message: expect.stringContaining('does not open with'),
    });
  });

  it('should refuse what another key wrapped', async () => {
    const wrapped = await subject.provider.wrap(subject.keys[0], randomBytes(32), PLACE);
    await expect(subject.provider.unwrap(subject.keys[1], wrapped, PLACE)).rejects.toMatchObject({
      code: 'internal_error',
    });
  });

  it.each([
    ['nothing', 0],
    ['a byte', 1],
    ['as much as a tag', 16],
    ['as much as a wrapped key', 80],
    ['much', 100_000],
  ])('should refuse %s in the place of a wrapped key', async (_, length) => {
    await expect(subject.provider.unwrap(subject.keys[0], randomBytes(length), PLACE)).rejects.toMatchObject({
      code: 'internal_error',
    });
  });

  it('should refuse an envelope with any byte changed', async () => {
    const sealed = await envelopes.seal('plain', PLACE);
    const opened = new Set<string | undefined>();
    // One after the other: hundreds at once may keep a key service for longer than it is given.
    for (const index of sealed.keys()) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));
      opened.add(
        await envelopes.open(changed, PLACE).then(
          () => 'opened',
          ({ code }: { code?: string }) => code,
        ),
      );
    }
    expect(opened).toEqual(new Set(['internal_error']));
  });

  it('should do many things at once, and mix nothing up', async () => {
    const texts = Array.from({ length: 30 }, (_, index) => `value ${index}`);
    const results = await Promise.all(
      texts.map(async (text, generation) => {
        const sealed = await envelopes.seal(text, { ...PLACE, generation });
        return (await envelopes.open(sealed, { ...PLACE, generation })).toString();
      }),
    );
    expect(results).toEqual(texts);
  });

  it('should bring what one key sealed under another one', async () => {
    const [first, second] = subject.keys;
    const sealed = await envelopes.seal('plain', PLACE);
    const rotated = envelopesOf({ ...subject, keys: [second, { ...first, state: 'decrypt_only' }] });
    const rewrapped = (await rotated.rewrap(sealed, PLACE)) ?? Buffer.of();
    expect((await rotated.open(rewrapped, PLACE)).toString()).toBe('plain');
    expect(rewrapped.toString('latin1')).toContain(second.id);
  });
});

describe.each(['vault-transit', 'aws-kms'])('the key service %s', (name) => {
  let subject: Subject;
  let wrapped: Buffer;
  beforeAll(async () => {
    subject = (await SUBJECTS[name]?.()) as Subject;
    wrapped = await subject.provider.wrap(subject.keys[0], randomBytes(32), PLACE);
  });
  afterAll(() => subject.service?.close());

  const measured = async (work: () => Promise<unknown>): Promise<number> => {
    const from = performance.now();
    await expect(work()).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringContaining(`The key service ${name} `),
    });
    return performance.now() - from;
  };

  it.each(['silent', 'failing'] as const)('should be told within a second that it is %s', async (mood) => {
    subject.service?.mood(mood);
    const took = await Promise.all([
      measured(() => subject.provider.wrap(subject.keys[0], randomBytes(32), PLACE)),
      measured(() => subject.provider.unwrap(subject.keys[0], wrapped, PLACE)),
    ]);
    subject.service?.mood('well');
    expect(Math.max(...took)).toBeLessThan(SOON_MS);
    await expect(subject.provider.unwrap(subject.keys[0], wrapped, PLACE)).resolves.toHaveLength(32);
  });

  it('should say that a key is not there', async () => {
    const gone = { ...subject.keys[0], id: 'gone', reference: 'arn:aws:kms:eu-west-1:111122223333:key/gone' };
    const key = name === 'aws-kms' ? gone : { ...gone, reference: 'gone' };
    expect(await measured(() => subject.provider.wrap(key, randomBytes(32), PLACE))).toBeLessThan(SOON_MS);
  });

  it('should be told within a second that nobody listens there', async () => {
    await subject.service?.close();
    expect(await measured(() => subject.provider.unwrap(subject.keys[0], wrapped, PLACE))).toBeLessThan(SOON_MS);
  });
});

describe('the token of Vault', () => {
  it('should be named where it is refused, and not shown', async () => {
    const service = await startVault(['claviger-1']);
    const sut = newVault(service.url, 'hvs.canary');
    const failure = await sut.wrap({ id: 'claviger-1', reference: 'claviger-1' }, randomBytes(32), PLACE).catch(String);
    expect(failure).toContain('refuses our token for transit/encrypt/claviger-1');
    expect(failure).not.toContain('hvs.canary');
    await service.close();
  });
});
