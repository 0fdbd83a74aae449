import type { ConnectionName } from '@app/common';
import { compileGlob } from './glob.js';

/** A rule as an operator writes it: a pattern of provider names, a slash, a pattern of connection names. */
export const RULE_PATTERN = /^[a-z0-9*][a-z0-9._*-]{0,62}\/[a-z0-9*][a-z0-9._*-]{0,62}$/;

/** The sentence that a refused rule is answered with. */
export const RULE_MESSAGE =
  'must be "provider/connection", in which "*" stands for any characters of a name: "klavi/*", "berbix/prod-*", "*/*"';

/** A pattern of connections that a caller may get tokens for, compiled. */
export interface Rule {
  /** As the operator wrote it. */
  readonly text: string;
  matches(name: ConnectionName): boolean;
}

/** Compiles a rule of valid syntax (RULE_PATTERN). */
export function compileRule(text: string): Rule {
  const [provider = '', connection = ''] = text.split('/');
  const [ofProvider, ofConnection] = [compileGlob(provider), compileGlob(connection)];
  return { text, matches: (name) => ofProvider(name.provider) && ofConnection(name.connection) };
}
