import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { FailureReason } from '../outcome.js';
import { type AddressGuard, hostOf } from './address-guard.js';
import type { Resolve } from './shared-lookups.js';
import { trustOf } from './trust.js';

/** What a connection is opened with. */
export interface ConnectionSettings {
  readonly guard: AddressGuard;
  readonly resolve: Resolve;
  /** Certificate authorities in PEM beside the system's; verification itself cannot be turned off. */
  readonly ca?: string | undefined;
}

/** No connection came about, so that certainly nothing was sent. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';

  constructor(readonly reason: FailureReason) {
    super(reason);
  }
}

/** How long one address may take before the next one of the same name is tried instead. */
const NEXT_ADDRESS_AFTER_MS = 1000;

/**
 * A fresh connection to the host of `url`: every address of it checked before, the connected peer after; for https the
 * handshake is done and the certificate verified. Not a byte of a request has been sent yet.
 * @throws NotConnected `address_refused`, `dns_failure`, `connect_failed`, `tls_failure`; `connect_timeout` once `signal` aborts.
 */
export async function openConnection(url: URL, settings: ConnectionSettings, signal: AbortSignal): Promise<Socket> {
  const addresses = await within(signal, 'dns_failure', resolveAll(url, settings.resolve));
  requireAllowed(url, settings.guard, addresses);
  const socket = await openTcp(url, addresses, signal);
  try {
    requirePeerAllowed(url, settings.guard, socket);
    return url.protocol === 'https:' ? await openTls(url, socket, settings.ca, signal) : socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function resolveAll(url: URL, resolve: Resolve): Promise<readonly LookupAddress[]> {
  const host = hostOf(url);
  const family = isIP(host);
  return family === 0 ? resolve(host) : [{ address: host, family }];
}

function requireAllowed(url: URL, guard: AddressGuard, addresses: readonly LookupAddress[]): void {
  if (addresses.length === 0) {
    throw new NotConnected('dns_failure');
  }
  if (!addresses.every(({ address }) => guard.allowsAddress(address, url.protocol))) {
    throw new NotConnected('address_refused');
  }
}

function requirePeerAllowed(url: URL, guard: AddressGuard, socket: Socket): void {
  if (socket.remoteAddress === undefined) {
    throw new NotConnected('connect_failed');
  }
  if (!guard.allowsAddress(socket.remoteAddress, url.protocol)) {
    throw new NotConnected('address_refused');
  }
}

async function openTcp(url: URL, addresses: readonly LookupAddress[], signal: AbortSignal): Promise<Socket> {
  const socket = connect({
    host: hostOf(url),
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    lookup: always(addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
    noDelay: true,
  });
  return opened(socket, 'connect', 'connect_failed', signal);
}

async function openTls(url: URL, socket: Socket, ca: string | undefined, signal: AbortSignal): Promise<Socket> {
  const host = hostOf(url);
  const secure = connectTls({
    socket,
    host,
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
    secureContext: requireTrust(ca),
    rejectUnauthorized: true,
  });
  return opened(secure, 'secureConnect', 'tls_failure', signal);
}

function requireTrust(ca: string | undefined): SecureContext {
  try {
    return trustOf(ca);
  } catch {
    throw new NotConnected('tls_failure');
  }
}

async function opened(socket: Socket, event: string, reason: FailureReason, signal: AbortSignal): Promise<Socket> {
  // Without a listener of its own, an error between two steps would end the process.
  socket.on('error', () => undefined);
  try {
    await within(signal, reason, once(socket, event));
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** A look-up that answers what has been resolved and checked already: the name is not asked for twice. */
function always(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses;
    if (options.all === true || first === undefined) {
      callback(null, [...addresses]);
      return;
    }
    callback(null, first.address, first.family);
  };
}

/** The result of a step, or NotConnected: `reason` where the step fails, `connect_timeout` where the signal is quicker. */
async function within<T>(signal: AbortSignal, reason: FailureReason, step: Promise<T>): Promise<T> {
  const expiry = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new NotConnected('connect_timeout')), { once: true });
  });
  try {
    return await Promise.race([step, expiry]);
  } catch {
    throw new NotConnected(signal.aborted ? 'connect_timeout' : reason);
  }
}
