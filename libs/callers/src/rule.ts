import { type ConnectionName, Networks } from '@app/common';
import { compileGlob } from './glob.js';

/** A rule's pattern as an operator writes it: a pattern of provider names, a slash, a pattern of connection names. */
export const RULE_PATTERN = /^[a-z0-9*][a-z0-9._*-]{0,62}\/[a-z0-9*][a-z0-9._*-]{0,62}$/;

/** The sentence that a refused pattern is answered with. */
export const RULE_MESSAGE =
  'must be "provider/connection", in which "*" stands for any characters of a name: "klavi/*", "berbix/prod-*", "*/*"';

/** A rule that holds only until a time, or only for requests from certain networks. */
export interface LimitedRule {
  readonly rule: string;
  /** From then on it covers nothing; null where it does not expire. */
  readonly expiresAt: Date | null;
  /** CIDR; null where it does not matter where a request comes from. */
  readonly networks: readonly string[] | null;
}

/** A rule as an administrator decides it: a pattern alone, or with limits. */
export type RuleFields = string | LimitedRule;

/** When, and from where, a caller asks. */
export interface Circumstances {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Address of the client; a rule that is limited to networks does not hold where it is not known. */
  readonly clientIp?: string | null | undefined;
}

/** A limit of a rule that is not kept. */
export type BrokenLimit = 'expired' | 'network';

/** A rule, compiled. */
export interface Rule {
  /** Its pattern, as the operator wrote it. */
  readonly text: string;
  matches(name: ConnectionName): boolean;
  /** The limits because of which it does not hold now, whatever the connection; none where it holds. */
  brokenLimits(circumstances: Circumstances): readonly BrokenLimit[];
}

const NONE: readonly BrokenLimit[] = [];

/** Compiles a rule whose pattern (RULE_PATTERN) and networks are valid. */
export function compileRule(fields: RuleFields): Rule {
  const { rule: text, expiresAt, networks } = typeof fields === 'string' ? unlimited(fields) : fields;
  const [provider = '', connection = ''] = text.split('/');
  const [ofProvider, ofConnection] = [compileGlob(provider), compileGlob(connection)];
  return {
    text,
    matches: (name) => ofProvider(name.provider) && ofConnection(name.connection),
    brokenLimits: expiresAt === null && networks === null ? () => NONE : limitsOf(expiresAt, networks),
  };
}

const unlimited = (rule: string): LimitedRule => ({ rule, expiresAt: null, networks: null });

function limitsOf(expiresAt: Date | null, networks: readonly string[] | null): Rule['brokenLimits'] {
  const end = expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
  const inside = networks === null ? undefined : new Networks(networks);
  return ({ now, clientIp }) => [
    ...(end <= now ? (['expired'] as const) : NONE),
    ...(inside?.includes(clientIp) === false ? (['network'] as const) : NONE),
  ];
}
