import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit.log.js';
import { genesis } from '../chain/chain.js';
import { parseCheckpoint } from '../chain/checkpoint.js';
import type { AuditOrigin } from '../event.js';
import type { LogRow, RegisteredStream, TimeRange } from '../verification/log-source.js';
import { VerificationRepository } from '../verification/verification.repository.js';
import { CSV_HEADER, toRecord } from './csv.js';
import { toLine } from './exported-line.js';

/** How the log can be taken away. */
export const EXPORT_FORMATS = ['ndjson', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** A new stream is registered with its first rows, and nothing waits for longer. */
const SETTLED_AFTER_MS = 5000;

/** The log as a text to keep elsewhere. */
@Injectable()
export class AuditExport {
  constructor(
    private readonly repository: VerificationRepository,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Records the export, then answers its text piece by piece, read as it is taken. It holds every row of its range that was
   * committed when it began, in the order of time, stream and number. It ends with the signal's reason where that aborts.
   */
  async open(
    origin: AuditOrigin,
    range: TimeRange,
    format: ExportFormat,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<string>> {
    const { from, to } = range;
    const reason = `format=${format} from=${from ?? ''} to=${to ?? ''}`;
    await this.audit.append({ ...origin, action: 'audit.exported', outcome: 'ok', reason });
    const { streams, takenAt } = await this.repository.snapshot();
    const heads = new Map(streams.map((stream) => [stream.id, stream]));
    const end = new Date(Date.parse(takenAt) + 1).toISOString();
    const settled = new Date(Date.parse(takenAt) - SETTLED_AFTER_MS).toISOString();
    const isCommitted = ({ stream, seq, at }: LogRow): boolean => {
      const { headSeq = 0, headAt = settled } = heads.get(stream) ?? {};
      // What no head reaches and is old all the same was not written by a broker: whoever examines the export must see it.
      return seq <= headSeq || at < (headAt ?? settled);
    };
    const rows = this.#rows({ from, to: to === undefined || to > end ? end : to }, isCommitted, signal);
    return format === 'csv' ? asCsv(rows) : this.#asNdjson(rows, heads);
  }

  /** Pages of rows that the heads reach: of what is committed meanwhile a later row could come without an earlier one. */
  async *#rows(
    range: TimeRange,
    isCommitted: (row: LogRow) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<readonly LogRow[]> {
    for await (const page of this.repository.rows(range)) {
      signal.throwIfAborted();
      yield page.filter(isCommitted);
    }
  }

  async *#asNdjson(
    pages: AsyncIterable<readonly LogRow[]>,
    heads: ReadonlyMap<string, RegisteredStream>,
  ): AsyncGenerator<string> {
    const begun = new Set<string>();
    for await (const page of pages) {
      let text = '';
      for (const row of page) {
        const previous = begun.has(row.stream) ? undefined : await this.#previousOf(row, heads.get(row.stream));
        begun.add(row.stream);
        text += `${toLine(row, previous)}\n`;
      }
      yield text;
    }
  }

  /** The hash that the first row of a stream is chained to: of the row before, which may be retired. */
  async #previousOf({ stream, seq, at }: LogRow, head: RegisteredStream | undefined): Promise<string | undefined> {
    if (seq === 1) {
      return head && genesis(stream, head.replica).hash.toString('hex');
    }
    const before = await this.repository.findBefore(stream, seq - 1, new Date(Date.parse(at) + 1).toISOString());
    return before?.hash ?? (await this.#retired(stream, seq - 1));
  }

  async #retired(stream: string, seq: number): Promise<string | undefined> {
    const checkpoint = await this.repository.retirement();
    const streams = checkpoint && parseCheckpoint(checkpoint.body).retired?.streams;
    return streams?.find((head) => head.id === stream && head.seq === seq)?.hash;
  }
}

async function* asCsv(pages: AsyncIterable<readonly LogRow[]>): AsyncGenerator<string> {
  yield CSV_HEADER;
  for await (const page of pages) {
    yield page.map(toRecord).join('');
  }
}
