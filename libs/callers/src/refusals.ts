import { BrokerError } from '@app/common';
import type { Identity } from './identity/identity.js';

/** `not_found` for a caller that is not there. */
export const noSuchCaller = (name: string): BrokerError =>
  new BrokerError('not_found', `There is no caller ${name}: GET /admin/callers lists those there are.`);

/** `not_found` for an API key that is not there. */
export const noSuchKey = (caller: string, keyId: string): BrokerError =>
  new BrokerError(
    'not_found',
    `The caller ${caller} has no key ${keyId}: GET /admin/callers/${caller}/keys lists those it has.`,
  );

/** `conflict` for an identity that names another caller already. */
export const identityTaken = ({ issuer, subject, caller }: Identity & { readonly caller: string }): BrokerError =>
  new BrokerError(
    'conflict',
    `The identity ${subject} of ${issuer} is the caller ${caller} already, and must not be two. Take it from that caller first.`,
  );
