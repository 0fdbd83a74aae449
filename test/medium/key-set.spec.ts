import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keySetSource } from '../../libs/callers/src/identity/key-set.source.js';
import { newIssuerKey } from '../../libs/callers/src/identity/testing/token-issuer.js';
import type { KeySetPlace } from '../../libs/callers/src/identity/trusted-issuer.js';
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from '../support/localhost-certificate.js';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

const at = (url: string, files: Partial<KeySetPlace> = {}, networks = LOOPBACK) =>
  keySetSource(
    { kind: 'url', url, caFile: undefined, bearerTokenFile: undefined, ...files } as KeySetPlace,
    networks,
  )();

describe('the keys of an issuer', () => {
  let folder: string;
  let keySet: { readonly keys: readonly object[] };
  let server: Server | undefined;
  let seen: { readonly path: string | undefined; readonly authorization: string | undefined }[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claviger-keys-'));
    keySet = { keys: [(await newIssuerKey()).jwk] };
    await writeFile(join(folder, 'ca.crt'), LOCALHOST_CERTIFICATE);
    await writeFile(join(folder, 'token'), 'a-token\n');
  });

  afterEach(() => void server?.close());

  afterAll(() => rm(folder, { recursive: true }));

  const answer: RequestListener = ({ url, headers }, response) => {
    seen.push({ path: url, authorization: headers.authorization });
    response.end(JSON.stringify(keySet));
  };

  /** The port of a server that answers so. */
  async function serve(listener: RequestListener = answer, tls = false): Promise<number> {
    seen = [];
    server = tls
      ? createTlsServer({ key: LOCALHOST_KEY, cert: LOCALHOST_CERTIFICATE }, listener)
      : createServer(listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it('should be fetched over plain http inside the allowed networks', async () => {
    const port = await serve();
    await expect(at(`http://127.0.0.1:${port}/jwks?x=1`)).resolves.toEqual(keySet);
    await expect(at(`http://localhost:${port}/jwks`)).resolves.toEqual(keySet);
    expect(seen).toEqual([
      { path: '/jwks?x=1', authorization: undefined },
      { path: '/jwks', authorization: undefined },
    ]);
  });

  it.each(['127.0.0.1', 'localhost', '[::1]'])(
    'should not be fetched over plain http from %s elsewhere',
    async (host) => {
      const port = await serve();
      await expect(at(`http://${host}:${port}/`, {}, ['10.0.0.0/8'])).rejects.toThrow('OUTBOUND_ALLOWED_NETWORKS');
      expect(seen).toEqual([]);
    },
  );

  it('should be fetched over https with a certificate authority and a token of their own', async () => {
    const port = await serve(answer, true);
    const files = { caFile: join(folder, 'ca.crt'), bearerTokenFile: join(folder, 'token') };
    await expect(at(`https://localhost:${port}/keys`, files, [])).resolves.toEqual(keySet);
    expect(seen).toEqual([{ path: '/keys', authorization: 'Bearer a-token' }]);
  });

  it('should not be taken from a server whose certificate nobody vouches for', async () => {
    const port = await serve(answer, true);
    const token = { bearerTokenFile: join(folder, 'token') };
    await expect(at(`https://localhost:${port}/`, token)).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(seen).toEqual([]);
  });

  it.each<readonly [string, RequestListener, object]>([
    [
      'follow a redirect',
      ({ url }, response) =>
        url === '/elsewhere'
          ? answer({ url } as never, response as never)
          : response.writeHead(302, { location: '/elsewhere' }).end(),
      { message: 'the issuer answered HTTP 302' },
    ],
    [
      'be what an error says',
      (_request, response) => response.writeHead(500).end(JSON.stringify({ keys: [] })),
      { message: 'the issuer answered HTTP 500' },
    ],
    [
      'be longer than 64 kB',
      (_request, response) => response.end(JSON.stringify({ keys: ['x'.repeat(65_536)] })),
      { name: 'ResponseExceededMaxSizeError' },
    ],
    ['be no JSON', (_request, response) => response.end('<html>'), { name: 'SyntaxError' }],
    ['be none', (_request, response) => response.end('{"keys":[]}'), { name: 'KeySetError' }],
    [
      'be cut off',
      (_request, response) =>
        response.writeHead(200, { 'content-length': '100' }).write('{'.repeat(10), () => response.destroy()),
      { code: 'UND_ERR_SOCKET' },
    ],
  ])('should not %s', async (_what, listener, failure) => {
    const port = await serve(listener);
    await expect(at(`http://127.0.0.1:${port}/`)).rejects.toMatchObject(failure);
  });

  it('should be read from a file anew each time', async () => {
    const path = join(folder, 'keys.json');
    const source = keySetSource({ kind: 'file', path }, []);
    await expect(source()).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(path, JSON.stringify(keySet));
    await expect(source()).resolves.toEqual(keySet);
  });
});
