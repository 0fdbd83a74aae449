import { Clock } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import { AuthenticationError } from '../authentication.error.js';
import type { Caller } from '../caller.js';
import { KnownIdentities } from './known-identities.js';
import { type Identity, keyOfIdentity, MTLS, SUBJECT_PATTERN } from './identity.js';
import { callerOf } from './known-identity.js';
import { proved, type ProvedIdentity } from './proved-identity.js';
import { TokenVerifier } from './token.verifier.js';

/** Identity of a workload → Caller. While both are known to this replica: one hash and two map look-ups, no query. */
@Injectable()
export class WorkloadAuthenticator {
  constructor(
    private readonly verifier: TokenVerifier,
    @Inject(KnownIdentities) private readonly known: KnownIdentities,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** The caller that a token of a trusted issuer names. Throws an AuthenticationError. */
  async byToken(token: string): Promise<Caller> {
    return this.#callerOf(await this.verifier.verify(token));
  }

  /** The caller that the subject of a certificate names, which somebody trusted has verified. Throws an AuthenticationError. */
  async byCertificate(subject: string): Promise<Caller> {
    if (!SUBJECT_PATTERN.test(subject)) {
      throw new AuthenticationError('malformed_identity');
    }
    return this.#callerOf(proved({ issuer: MTLS, subject }, MTLS));
  }

  /** The caller as it is now. Throws an AuthenticationError where its identity names none any more, or another one. */
  async confirm({ name, keyId }: Caller, identity: Identity): Promise<Caller> {
    const caller = await this.#callerOf({ ...identity, keyId });
    if (caller.name !== name) {
      throw new AuthenticationError('unknown_identity');
    }
    return caller;
  }

  async #callerOf(identity: ProvedIdentity): Promise<Caller> {
    const found = callerOf(await this.known.find(keyOfIdentity(identity)), this.clock.now());
    if (typeof found === 'string') {
      throw new AuthenticationError(found);
    }
    return { ...found, keyId: identity.keyId };
  }
}
