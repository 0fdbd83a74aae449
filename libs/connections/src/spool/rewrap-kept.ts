import { errorFacts } from '@app/common';
import { type Envelopes, KeyServiceError } from '@app/crypto';
import type { SpoolEntry } from './spool-entry.js';
import { nameOf, rewrapAnswer } from './spool-file.js';
import type { SpoolStore } from './spool.store.js';

/**
 * Brings up to `most` of the answers that stay in a spool under the primary key; answers that wait for the database leave it
 * soon. What does not open is left, and told of once. @throws KeyServiceError where that cannot be done now.
 */
export async function rewrapKept(
  store: SpoolStore,
  envelopes: Envelopes,
  primary: string,
  most: number,
): Promise<void> {
  const kept = store.index.all().filter(({ kind, sealedWith }) => kind === 'kept' && sealedWith !== null);
  for (const entry of kept.filter(({ sealedWith }) => sealedWith !== primary).slice(0, most)) {
    await rewrapOne(store, envelopes, entry);
  }
}

async function rewrapOne(store: SpoolStore, envelopes: Envelopes, entry: SpoolEntry): Promise<void> {
  const text = await store.textOf(entry);
  const rewrapped = text === undefined ? undefined : await tryRewrap(store, envelopes, entry, text);
  // What a newer answer took the place of meanwhile stays gone.
  if (rewrapped !== undefined && store.index.has(nameOf(entry.attempt, entry.kind))) {
    await store.write(rewrapped.entry, rewrapped.text);
  }
}

async function tryRewrap(store: SpoolStore, envelopes: Envelopes, entry: SpoolEntry, text: string) {
  try {
    return await rewrapAnswer(entry, text, envelopes);
  } catch (error) {
    if (error instanceof KeyServiceError) {
      throw error;
    }
    store.forgetKey(entry);
    const facts = { attempt_id: entry.attempt, generation: entry.generation, ...errorFacts(error) };
    store.tell(entry.attempt, 'An answer in the spool does not open; it is left as it is.', facts);
    return undefined;
  }
}
