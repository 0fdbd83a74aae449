/** Names of providers, connections and callers (http.md). */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** The sentence that a refused name is answered with. */
export const NAME_MESSAGE =
  'must be 1 to 63 characters: lower-case letters, digits, ".", "_" or "-", beginning with a letter or digit';

/** What a caller asks for: one connection of one provider. */
export interface ConnectionName {
  readonly provider: string;
  readonly connection: string;
}
