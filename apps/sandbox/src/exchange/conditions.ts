import { mediaType } from './body-fields.js';
import type { Asked } from './asked.js';
import { splitScheme } from './presented.js';

/** Whether a condition of a rule holds for a request; `args` stand after its name, separated by colons. */
export type Condition = (asked: Asked, ...args: readonly string[]) => boolean;

/** The conditions that every provider's rules may use, by name. */
export const CONDITIONS: Readonly<Record<string, Condition>> = {
  otherwise: () => true,
  missing_header: ({ received }, name = '') => !received.headers[name.toLowerCase()],
  auth_scheme_not: ({ received }, scheme = '') =>
    splitScheme(received.headers['authorization'] ?? '')[0].toLowerCase() !== scheme.toLowerCase(),
  content_type_not: ({ received }, ...type) => mediaType(received) !== type.join(':'),
  header_not_in: (asked, _header, known = '') => !isKnownSecret(asked, known),
  basic_user_not_in: (asked, known = '') => !isKnownSecret(asked, known),
  missing_field: ({ fields }, name = '') => !fields.get(name),
  field_not: ({ fields }, name = '', ...value) => fields.get(name) !== value.join(':'),
  unknown: (asked, field = '') => !isIssued(asked, field),
  query_out_of_range: isOutOfRange,
  keys_unknown: ({ credential }) => credential === undefined || credential.keysRevoked,
  key_revoked: ({ credential }) => credential?.keysRevoked === true,
};

const TOKEN_CONDITION = /^(\w+)_(unknown|expired|revoked|used)$/;

/** A condition on a token of the provider: `refresh_unknown`, `access_expired` … Undefined where the name is none. */
export function tokenCondition(name: string, kinds: readonly string[]): Condition | undefined {
  const [, kind, state] = TOKEN_CONDITION.exec(name) ?? [];
  if (kind === undefined || !kinds.includes(kind)) {
    return undefined;
  }
  return (asked) => tokenIs(asked, kind, state ?? '');
}

function tokenIs({ contract, presented, store }: Asked, kind: string, state: string): boolean {
  const holding = store.index.findToken(presented[`${kind}_token`] ?? '');
  if (!holding || holding.token.kind !== kind || holding.credential.provider !== contract.provider) {
    return state === 'unknown';
  }
  const { credential, token } = holding;
  switch (state) {
    case 'expired':
      return store.isExpired(token);
    case 'revoked':
      return token.revoked;
    case 'used':
      return store.isUsed(token);
    default:
      // A token of one account is unknown to the API key of another.
      return Object.keys(contract.sample.secrets).some(
        (name) => presented[name] !== undefined && presented[name] !== credential.fields[name],
      );
  }
}

/** `known_api_keys` means the secret field `api_key`. */
const isKnownSecret = (asked: Asked, known: string): boolean =>
  isIssued(asked, known.replace(/^known_/, '').replace(/s$/, ''));

function isIssued({ contract, presented, store, credential }: Asked, field: string): boolean {
  const value = presented[field];
  if (value === undefined || credential?.keysRevoked) {
    return false;
  }
  return store.secrets.has(contract.provider, field, value) || store.index.isLiveKey(contract.provider, field, value);
}

function isOutOfRange({ exchange, received }: Asked, name = ''): boolean {
  const spec = exchange.request.query?.find((each) => each.name === name);
  const text = received.query.get(name);
  if (!spec || text === null) {
    return false;
  }
  const value = Number(text);
  return !/^\d+$/.test(text) || value < (spec.min ?? 0) || value > (spec.max ?? Number.MAX_SAFE_INTEGER);
}
