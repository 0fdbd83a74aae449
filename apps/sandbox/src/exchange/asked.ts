import type { RequestSpec } from '../contract/answers-file.js';
import type { Contract, Exchange } from '../contract/contract.js';
import type { Credential } from '../credentials/credential.js';
import type { CredentialStore } from '../credentials/credential.store.js';
import type { Received } from '../http/received.js';
import { findQuirks } from '../providers/quirks.js';
import { bodyFields } from './body-fields.js';
import { type Presented, presentedBy } from './presented.js';

/** A request and all that the rules may look at to decide it. */
export interface Asked {
  readonly contract: Contract;
  readonly exchange: Exchange;
  readonly received: Received;
  /** Documented query parameters, and texts and numbers of the body, by their names on the wire. */
  readonly fields: ReadonlyMap<string, string>;
  readonly presented: Presented;
  /** The credential that it names, dead or alive. */
  readonly credential: Credential | undefined;
  readonly store: CredentialStore;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Reads what a request asks, and of which credential. */
export async function readAsked(
  contract: Contract,
  exchange: Exchange,
  received: Received,
  store: CredentialStore,
  now: () => number,
): Promise<Asked> {
  const fields = new Map([
    ...queryFields(exchange.request, received),
    ...(await bodyFields(exchange.request, received)),
  ]);
  const presented = presentedBy(exchange.request, received, fields);
  const credential = credentialOf(contract, presented, store);
  return { contract, exchange, received, fields, presented, credential, store, now };
}

function queryFields({ query = [] }: RequestSpec, received: Received): readonly (readonly [string, string])[] {
  return query.flatMap(({ name }) => {
    const value = received.query.get(name);
    return value === null ? [] : [[name, value] as const];
  });
}

function credentialOf(contract: Contract, presented: Presented, store: CredentialStore): Credential | undefined {
  // Where a request shows two tokens, the longer-lived one says best whose it is.
  const kinds = new Set(['refresh', ...Object.keys(contract.sandbox.tokens)]);
  for (const kind of kinds) {
    const holding = store.index.findToken(presented[`${kind}_token`] ?? '');
    if (holding?.token.kind === kind && holding.credential.provider === contract.provider) {
      return holding.credential;
    }
  }
  const identity = findQuirks(contract.provider)?.identify?.(presented) ?? presented;
  return store.index.findByFields(contract.provider, identity);
}
