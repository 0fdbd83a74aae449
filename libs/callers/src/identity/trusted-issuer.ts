import type { JSONWebKeySet } from 'jose';

/** Algorithms that tokens may be signed with: all of them have a public key. */
export const TOKEN_ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** Where the public keys of an issuer come from. Files are read each time that they are needed: they may be rotated. */
export type KeySetPlace =
  | {
      readonly kind: 'url';
      readonly url: string;
      /** Certificate authorities (PEM) instead of the system's. */
      readonly caFile: string | undefined;
      /** Holds a token to send along, as the API server of Kubernetes may want one. */
      readonly bearerTokenFile: string | undefined;
    }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'inline'; readonly keySet: JSONWebKeySet };

/** An issuer of tokens that the operator trusts, with everything about them pinned. */
export interface TrustedIssuer {
  /** Our short name for it, which the audit log shows. */
  readonly alias: string;
  /** The exact `iss`. */
  readonly issuer: string;
  /** What `aud` must hold. */
  readonly audience: string;
  readonly algorithms: readonly TokenAlgorithm[];
  readonly keys: KeySetPlace;
}
