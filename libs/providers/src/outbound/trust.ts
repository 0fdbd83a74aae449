import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';

/** How many private CAs are kept ready: a context of its own costs some milliseconds. */
const MOST_CONTEXTS = 100;

const contexts = new Map<string, tls.SecureContext>();

/** Node 22.15 and later tell whom they trust. */
interface Telling {
  readonly getCACertificates?: (kind: 'default') => readonly string[];
}

/**
 * Whom a TLS connection trusts: the authorities of the system and of NODE_EXTRA_CA_CERTS and, where there are any, these besides.
 * @param authorities certificates in PEM.
 * @throws Error where they are none.
 */
export function trustOf(authorities: string | undefined): tls.SecureContext {
  const key = authorities ?? '';
  const known = contexts.get(key);
  if (known !== undefined) {
    return known;
  }
  // The option replaces those that are trusted anyway, so that these are named again.
  const ca = authorities === undefined ? {} : { ca: [...trustedAnyway(), authorities] };
  const made = tls.createSecureContext({ minVersion: 'TLSv1.2', ...ca });
  if (contexts.size >= MOST_CONTEXTS) {
    contexts.clear();
  }
  contexts.set(key, made);
  return made;
}

const trustedAnyway = (): readonly string[] =>
  (tls as Telling).getCACertificates?.('default') ?? [...tls.rootCertificates, ...extraAuthorities()];

/** As Node itself reads them, from a variable of its own: where the file cannot be read, there are none. */
function extraAuthorities(): readonly string[] {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  try {
    return file === undefined ? [] : [readFileSync(file, 'utf8')];
  } catch {
    return [];
  }
}
