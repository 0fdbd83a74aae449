import { Networks } from '@app/common';
import type { JSONWebKeySet } from 'jose';
import { lookup } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { isIP, type LookupFunction } from 'node:net';
import { KeySetError, parseKeySet } from './key-set.js';
import type { KeySetPlace } from './trusted-issuer.js';

const LONGEST_ANSWER = 64 * 1024;
const CONNECT_WITHIN_MS = 3000;
const ANSWER_WITHIN_MS = 5000;

/** Brings the keys of an issuer as they are now; rejects where they cannot be had. */
export type KeySetSource = () => Promise<JSONWebKeySet>;

/** The source of a place. Plain http is asked only inside `httpNetworks` (CIDR). */
export function keySetSource(place: KeySetPlace, httpNetworks: readonly string[]): KeySetSource {
  switch (place.kind) {
    case 'inline':
      return () => Promise.resolve(place.keySet);
    case 'file':
      return async () => parseKeySet(JSON.parse(await readFile(place.path, 'utf8')));
    case 'url':
      return () => fetchKeySet(place, new Networks(httpNetworks));
  }
}

/**
 * One GET over one connection: https to anywhere, as the operator chose the address and no caller can change it, and plain http
 * only inside the networks. No redirect, no proxy, no retry; 5 s and 64 kB at most.
 */
async function fetchKeySet(place: KeySetPlace & { readonly kind: 'url' }, networks: Networks): Promise<JSONWebKeySet> {
  const { protocol, hostname } = new URL(place.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol === 'http:' && isIP(host) !== 0 && !networks.includes(host)) {
    throw new KeySetError('plain http is allowed inside OUTBOUND_ALLOWED_NETWORKS only');
  }
  const ca = place.caFile === undefined ? {} : { ca: await readFile(place.caFile, 'utf8') };
  const bearer = place.bearerTokenFile === undefined ? '' : (await readFile(place.bearerTokenFile, 'utf8')).trim();
  // At the first request, not at start, as the outbound client does. By its default: bundled it has no other name (bundle.js).
  const { Agent, request } = (await import('undici')).default;
  const dispatcher = new Agent({
    connect: { ...ca, timeout: CONNECT_WITHIN_MS, ...(protocol === 'http:' ? { lookup: onlyInside(networks) } : {}) },
    maxResponseSize: LONGEST_ANSWER,
  });
  try {
    const { statusCode, body } = await request(place.url, {
      dispatcher,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      headers: { accept: 'application/json', ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }) },
    });
    const text = await body.text();
    if (statusCode !== 200) {
      throw new KeySetError(`the issuer answered HTTP ${statusCode}`);
    }
    return parseKeySet(JSON.parse(text));
  } finally {
    await dispatcher.destroy();
  }
}

/** A look-up that fails where any address of the name lies outside. */
const onlyInside =
  (networks: Networks): LookupFunction =>
  (host, options, callback) =>
    lookup(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined || !addresses.every(({ address }) => networks.includes(address))) {
        callback(error ?? new KeySetError('the host of plain http lies outside OUTBOUND_ALLOWED_NETWORKS'), '', 0);
      } else if (options.all === true) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
