import { BrokerError } from '@app/common';

/** `not_found` for a caller that is not there. */
export const noSuchCaller = (name: string): BrokerError =>
  new BrokerError('not_found', `There is no caller ${name}: GET /admin/callers lists those there are.`);

/** `not_found` for an API key that is not there. */
export const noSuchKey = (caller: string, keyId: string): BrokerError =>
  new BrokerError(
    'not_found',
    `The caller ${caller} has no key ${keyId}: GET /admin/callers/${caller}/keys lists those it has.`,
  );
