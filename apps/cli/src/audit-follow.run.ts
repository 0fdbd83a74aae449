import { BrokerError } from '@app/common';
import { type ExportedLine, toEcs, toOcsf } from '@app/audit';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { FollowState } from './audit-follow.state.js';

/** Where the events come from, and in which words they go on. */
export interface FollowInput {
  readonly url: string;
  readonly apiKey: string;
  readonly format: keyof typeof FORMATS;
  /** How far back each look begins, in milliseconds: rows may be committed later than others of their time. */
  readonly overlapMs: number;
}

/** The line as it goes on. */
export const FORMATS = {
  ndjson: (_line: ExportedLine, text: string): string => text,
  ocsf: (line: ExportedLine): string => JSON.stringify(toOcsf(line)),
  ecs: (line: ExportedLine): string => JSON.stringify(toEcs(line)),
} as const;

/**
 * Writes the events that are new since `state`, oldest first, and answers the state after them. Inside a stream numbers and
 * times run together, so one number a stream tells what is new, however much is read again.
 * @throws BrokerError `invalid_request` where the broker refuses the request itself, so that trying on is useless; any other
 * error where it may go better later. What was written then comes again.
 */
export async function followOnce(
  { url, apiKey, format, overlapMs }: FollowInput,
  state: FollowState,
  write: (text: string) => Promise<void>,
): Promise<FollowState> {
  const from = new Date(Math.max(0, state.at - overlapMs)).toISOString();
  const answer = await fetch(new URL(`/audit/export?format=ndjson&from=${from}`, url), {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  if (!answer.ok || answer.body === null) {
    throw await refusalOf(answer, url);
  }
  const streams = { ...state.streams };
  let { at } = state;
  const input = Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]);
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const line = JSON.parse(text) as ExportedLine;
    const [stream = '', seq = ''] = line.id.split('-');
    if (Number(seq) > (streams[stream] ?? 0)) {
      await write(`${FORMATS[format](line, text)}\n`);
      streams[stream] = Number(seq);
      at = Math.max(at, Date.parse(line.at));
    }
  }
  return { at, streams };
}

async function refusalOf(answer: Response, url: string): Promise<Error> {
  const message = `The broker at ${url} answered ${answer.status}: ${await answer.text()}`;
  const isFinal = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
  return isFinal ? new BrokerError('invalid_request', message) : new Error(message);
}
