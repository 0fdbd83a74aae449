import { revealAll, type Secret, toSecrets } from '@app/common';
import type { Envelopes } from '@app/crypto';

/** What is sealed of a token: the parts that a database administrator must not read. */
export interface SealedToken {
  readonly access_token: string;
  readonly token_type: string;
  readonly extra: Readonly<Record<string, string>>;
}

/** Seals a connection's token to its row and generation. */
export const sealToken = (envelopes: Envelopes, id: string, generation: number, token: SealedToken): Buffer =>
  envelopes.seal(JSON.stringify(token), { table: 'connections', row: id, column: 'token', generation });

/** Opens it again. @throws EnvelopeError where it was changed, moved, or belongs to another generation. */
export const openToken = (envelopes: Envelopes, id: string, generation: number, sealed: Uint8Array): SealedToken =>
  JSON.parse(
    envelopes.open(sealed, { table: 'connections', row: id, column: 'token', generation }).toString(),
  ) as SealedToken;

/** Seals the secret fields of a row: a connection's credential or a provider's secrets. */
export const sealFields = (
  envelopes: Envelopes,
  place: { readonly table: 'connections' | 'providers'; readonly row: string; readonly generation: number },
  fields: Readonly<Record<string, Secret>>,
): Buffer => envelopes.seal(JSON.stringify(revealAll(fields)), { ...place, column: columnOf(place.table) });

/** Opens them again. @throws EnvelopeError where they were changed, moved, or belong to another generation. */
export const openFields = (
  envelopes: Envelopes,
  place: { readonly table: 'connections' | 'providers'; readonly row: string; readonly generation: number },
  sealed: Uint8Array,
): Record<string, Secret> =>
  toSecrets(
    JSON.parse(envelopes.open(sealed, { ...place, column: columnOf(place.table) }).toString()) as Record<
      string,
      string
    >,
  );

const columnOf = (table: 'connections' | 'providers'): string => (table === 'connections' ? 'credential' : 'secrets');
