import { revealAll, type Secret, toSecrets } from '@app/common';
import type { Envelopes } from '@app/crypto';

/** What is sealed of a token: the parts that a database administrator must not read. */
export interface SealedToken {
  readonly access_token: string;
  readonly token_type: string;
  readonly extra: Readonly<Record<string, string>>;
}

/** The row that a sealed value belongs to, and its generation. */
export interface SealedPlace {
  readonly table: 'connections' | 'providers' | 'spares';
  readonly row: string;
  readonly generation: number;
}

/** Seals a token to its row and generation. */
export const sealToken = (envelopes: Envelopes, place: SealedPlace, token: SealedToken): Promise<Buffer> =>
  envelopes.seal(JSON.stringify(token), { ...place, column: 'token' });

/** Opens it again. @throws EnvelopeError where it was changed, moved, or belongs to another generation. */
export async function openToken(envelopes: Envelopes, place: SealedPlace, sealed: Uint8Array): Promise<SealedToken> {
  const opened = await envelopes.open(sealed, { ...place, column: 'token' });
  return JSON.parse(opened.toString()) as SealedToken;
}

/** Seals the secret fields of a row: a connection's credential or a provider's secrets. */
export const sealFields = (
  envelopes: Envelopes,
  place: SealedPlace,
  fields: Readonly<Record<string, Secret>>,
): Promise<Buffer> => envelopes.seal(JSON.stringify(revealAll(fields)), { ...place, column: columnOf(place.table) });

/** Opens them again. @throws EnvelopeError where they were changed, moved, or belong to another generation. */
export async function openFields(
  envelopes: Envelopes,
  place: SealedPlace,
  sealed: Uint8Array,
): Promise<Record<string, Secret>> {
  const opened = await envelopes.open(sealed, { ...place, column: columnOf(place.table) });
  return toSecrets(JSON.parse(opened.toString()) as Record<string, string>);
}

const columnOf = (table: SealedPlace['table']): string => (table === 'providers' ? 'secrets' : 'credential');
