import { Clock } from '@app/common';
import { ApiKeyHashes } from '@app/crypto';
import { Inject, Injectable } from '@nestjs/common';
import { keyIdOf, parseApiKey } from './api-key.js';
import { AuthenticationError } from './authentication.error.js';
import type { Caller } from './caller.js';
import { WorkloadAuthenticator } from './identity/workload.authenticator.js';
import { type KnownKey, whyDead } from './known-key.js';
import { KnownKeys } from './known-keys.js';
import { LastUses } from './last-uses.js';
import { Proofs } from './proofs.js';

/** Compared with where there is no key of that id, so that the answer takes as long. */
const NO_HASH = new Uint8Array(32);

/** API key or identity → Caller. While a key is known to this replica: one HMAC and a map look-up, no query. */
@Injectable()
export class Authenticator {
  readonly #proofs = new Proofs();

  constructor(
    private readonly keys: KnownKeys,
    private readonly hashes: ApiKeyHashes,
    private readonly lastUses: LastUses,
    @Inject(Clock) private readonly clock: Clock,
    private readonly workloads: WorkloadAuthenticator,
  ) {}

  /**
   * The caller of an API key that has proved itself here before and is good still; undefined wherever that cannot be told at once, of
   * which `authenticate` then says what it is.
   */
  recognize(bearer: string): Caller | undefined {
    const keyId = keyIdOf(bearer);
    const key = this.keys.findHeld(keyId);
    const now = this.clock.now();
    if (key === undefined || !this.#proofs.holds(key, bearer) || whyDead(key, now) !== undefined) {
      return undefined;
    }
    this.lastUses.note(keyId, now);
    return key.caller;
  }

  /**
   * The caller that shows this API key or token (what stands behind `Bearer `). Throws an AuthenticationError, code
   * `unauthenticated`, the same for no, a malformed, an unknown, an expired and a revoked key and for every bad token.
   */
  async authenticate(bearer: string | undefined): Promise<Caller> {
    if (bearer === undefined) {
      throw new AuthenticationError('no_key');
    }
    if (bearer.includes('.')) {
      return this.workloads.byToken(bearer);
    }
    const shown = parseApiKey(bearer);
    if (shown === undefined) {
      throw new AuthenticationError('malformed_key');
    }
    const key = await this.keys.find(shown.keyId);
    const proved = this.hashes.equals(this.hashes.hash(shown.secret), key?.hash ?? NO_HASH);
    if (key === undefined || !proved) {
      throw new AuthenticationError(key === undefined ? 'unknown_key' : 'wrong_secret');
    }
    const now = this.clock.now();
    const caller = requireLive(key, now);
    this.#proofs.remember(key, bearer);
    this.lastUses.note(shown.keyId, now);
    return caller;
  }

  /**
   * The caller as it is now, after a change mark moved under a request that was authenticated before.
   * @throws AuthenticationError where its key is no longer good, or its identity names another caller.
   */
  async confirm(caller: Caller): Promise<Caller> {
    if (caller.identity !== undefined) {
      return this.workloads.confirm(caller, caller.identity);
    }
    const key = await this.keys.find(caller.keyId);
    if (key === undefined) {
      throw new AuthenticationError('unknown_key');
    }
    return requireLive(key, this.clock.now());
  }

  /** The caller that the subject of a certificate names, which a trusted proxy has verified. Throws as `authenticate` does. */
  authenticateCertificate(subject: string): Promise<Caller> {
    return this.workloads.byCertificate(subject);
  }
}

function requireLive(key: KnownKey, now: number): Caller {
  const reason = whyDead(key, now);
  if (reason !== undefined) {
    throw new AuthenticationError(reason);
  }
  return key.caller;
}
