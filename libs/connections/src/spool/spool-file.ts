import { type Envelopes, keyIdOf, type PreparedSeal } from '@app/crypto';
import {
  type DatabaseIdentity,
  type SpooledAnswer,
  SPOOL_KINDS,
  type SpoolEntry,
  type SpoolKind,
} from './spool-entry.js';

const VERSION = 1;
const ID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const WHOLE_ID = new RegExp(`^${ID}$`);
const NAME = new RegExp(String.raw`^(${ID})\.(${SPOOL_KINDS.join('|')})$`);
const DRAFT = new RegExp(String.raw`^(${ID}\.(?:${SPOOL_KINDS.join('|')}))\.\w+\.tmp$`);

/** A spool file as it stands on the disk. */
interface Stored {
  readonly version: number;
  readonly attempt: string;
  readonly connection: string;
  readonly generation: number;
  readonly epoch: number | null;
  readonly system_identifier: string | null;
  readonly timeline: number | null;
  readonly sent_at: string;
  readonly answered_at: string | null;
  /** Base64 of the sealed answer; null in an intent. */
  readonly sealed: string | null;
}

/** The name that an attempt's file has: its id, and what it is. */
export const nameOf = (attempt: string, kind: SpoolKind): string => `${attempt}.${kind}`;

/** What a name says, or undefined for a file that is none of the spool's. */
export function parseName(name: string): Pick<SpoolEntry, 'attempt' | 'kind'> | undefined {
  const [, attempt, kind] = NAME.exec(name) ?? [];
  return attempt === undefined ? undefined : { attempt, kind: kind as SpoolKind };
}

/** True for a file that was being written: whole or not, it never got its name. */
export const isDraft = (name: string): boolean => DRAFT.test(name);

/** The name that such a file was to get. */
export const nameOfDraft = (name: string): string | undefined => DRAFT.exec(name)?.[1];

/** The text of an intent, which is a line of its file: several that were written together follow one another. */
export const formatIntent = (entry: SpoolEntry): string => format(entry, null);

/** The text of an answer's file; `prepared` is for its place. The answer is sealed to the attempt and its generation, together with what else must not be changed. */
export function formatAnswer(entry: SpoolEntry, { step, answer }: SpooledAnswer, prepared: PreparedSeal): string {
  const content = JSON.stringify({ connection: entry.connectionId, epoch: entry.epoch, step, answer });
  return format(entry, prepared.seal(content).toString('base64'));
}

/**
 * The readable part of a file: of its one answer, or of the notes that were written together, which bears the name of the first.
 * @throws Error where the file was damaged, or is of a version that is not known.
 */
export function parseEntries(name: string, text: string): readonly SpoolEntry[] {
  const { attempt, kind } = parseName(name) ?? { attempt: '', kind: 'intent' as const };
  const lines = kind === 'intent' ? text.split('\n').filter((line) => line !== '') : [text];
  const entries = lines.map((line) => parseEntry(kind, line));
  if (entries[0]?.attempt !== attempt) {
    throw damaged();
  }
  return entries;
}

function parseEntry(kind: SpoolKind, text: string): SpoolEntry {
  const stored = JSON.parse(text) as Partial<Stored>;
  const sentAt = Date.parse(stored.sent_at ?? '');
  const answeredAt = Date.parse(stored.answered_at ?? '');
  const isWhole =
    stored.version === VERSION &&
    WHOLE_ID.test(stored.attempt ?? '') &&
    WHOLE_ID.test(stored.connection ?? '') &&
    Number.isSafeInteger(stored.generation) &&
    !Number.isNaN(sentAt) &&
    (kind === 'intent' || (!Number.isNaN(answeredAt) && typeof stored.sealed === 'string'));
  if (!isWhole) {
    throw damaged();
  }
  return {
    kind,
    attempt: stored.attempt ?? '',
    connectionId: stored.connection ?? '',
    generation: stored.generation ?? 0,
    epoch: stored.epoch ?? null,
    database: databaseOf(stored),
    sentAt,
    answeredAt: kind === 'intent' ? null : answeredAt,
    sealedWith: sealedWith(stored.sealed ?? null),
  };
}

const damaged = (): Error => new Error('A file of the spool is damaged.');

function sealedWith(sealed: string | null): string | null {
  try {
    return sealed === null ? null : keyIdOf(Buffer.from(sealed, 'base64'));
  } catch {
    return null;
  }
}

/** The same file under the primary key; undefined where it is. @throws EnvelopeError where it does not open. */
export async function rewrapAnswer(
  entry: SpoolEntry,
  text: string,
  envelopes: Envelopes,
): Promise<{ readonly entry: SpoolEntry; readonly text: string } | undefined> {
  const { sealed } = JSON.parse(text) as Stored;
  const rewrapped = await envelopes.rewrap(Buffer.from(sealed ?? '', 'base64'), placeOf(entry));
  return (
    rewrapped && {
      entry: { ...entry, sealedWith: keyIdOf(rewrapped) },
      text: format(entry, rewrapped.toString('base64')),
    }
  );
}

/** The answer in a file. @throws Error or EnvelopeError where the file was changed, moved or damaged, or its key is missing. */
export async function openAnswer(entry: SpoolEntry, text: string, envelopes: Envelopes): Promise<SpooledAnswer> {
  const { sealed } = JSON.parse(text) as Stored;
  const opened = (await envelopes.open(Buffer.from(sealed ?? '', 'base64'), placeOf(entry))).toString();
  const { connection, step, answer } = JSON.parse(opened) as SpooledAnswer & { readonly connection: string };
  if (connection !== entry.connectionId) {
    throw new Error('A file of the spool names another connection than the answer in it.');
  }
  return { step, answer: { ...answer, retryAfter: answer.retryAfter } };
}

function format(entry: SpoolEntry, sealed: string | null): string {
  const stored: Stored = {
    version: VERSION,
    attempt: entry.attempt,
    connection: entry.connectionId,
    generation: entry.generation,
    epoch: entry.epoch,
    system_identifier: entry.database?.systemIdentifier ?? null,
    timeline: entry.database?.timeline ?? null,
    sent_at: new Date(entry.sentAt).toISOString(),
    answered_at: entry.answeredAt === null ? null : new Date(entry.answeredAt).toISOString(),
    sealed,
  };
  return `${JSON.stringify(stored)}\n`;
}

/** Where an attempt's answer is sealed for. */
export const placeOf = ({ attempt, generation }: Pick<SpoolEntry, 'attempt' | 'generation'>) =>
  ({ table: 'spool', row: attempt, column: 'answer', generation }) as const;

const databaseOf = ({ system_identifier, timeline }: Partial<Stored>): DatabaseIdentity | null =>
  typeof system_identifier === 'string' && typeof timeline === 'number'
    ? { systemIdentifier: system_identifier, timeline }
    : null;

/** An answer and its note, of which this process need not know: another one may have left both. Of anything else, that alone. */
export const withNote = (entry: SpoolEntry): readonly SpoolEntry[] =>
  entry.kind === 'answer' ? [entry, { ...entry, kind: 'intent' }] : [entry];
