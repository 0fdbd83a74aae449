import type { Clock, Log } from '@app/common';
import type { Config } from '@app/config';
import { readIdentitiesFile } from './identities-file.js';
import { IssuerKeys } from './issuer-keys.js';
import { keySetSource } from './key-set.source.js';
import { type IssuerWithKeys, TokenVerifier } from './token.verifier.js';
import type { TrustedIssuer } from './trusted-issuer.js';

/** The verifier of the tokens that this environment trusts. Throws a BrokerError where IDENTITIES_FILE cannot be used. */
export function tokenVerifierFor(config: Config, clock: Clock, log: Log): TokenVerifier {
  const issuers = readIdentitiesFile(config.identitiesFile).map((issuer) => withKeys(issuer, config, log));
  return new TokenVerifier(issuers, clock);
}

const withKeys = (issuer: TrustedIssuer, { outboundAllowedNetworks }: Config, log: Log): IssuerWithKeys => ({
  ...issuer,
  keys: new IssuerKeys(keySetSource(issuer.keys, outboundAllowedNetworks), log, issuer.alias),
});
