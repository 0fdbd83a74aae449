import { type LogRow, type LogSource, parseLine, type StoredCheckpoint, type TimeRange } from '@app/audit';
import { BrokerError } from '@app/common';
import type { CheckpointFile } from './audit.checkpoint-file.js';
import { linesOf } from './lines.js';

const PAGE = 1000;

/** An export and checkpoints, both files, as a log to verify. The export is read line by line, again where a row is looked for. */
export class ExportFile implements LogSource {
  readonly isWhole = false;

  constructor(
    private readonly path: string,
    private readonly held: CheckpointFile,
    private readonly range: TimeRange,
  ) {}

  async retirement(): Promise<StoredCheckpoint | undefined> {
    return this.held.all().findLast(({ body }) => body.includes('"retired":'));
  }

  async snapshot(): Promise<undefined> {
    return undefined;
  }

  /** Those of the time that was exported: of later ones the rows are not there. */
  async *checkpoints(): AsyncGenerator<readonly StoredCheckpoint[]> {
    const { from, to } = this.range;
    for (const stored of this.held.all()) {
      const { at } = JSON.parse(stored.body) as { readonly at: string };
      if ((from === undefined || at >= from) && (to === undefined || at < to)) {
        yield [stored];
      }
    }
  }

  async checkpointBefore(): Promise<number> {
    return 0;
  }

  async *rows({ from, to }: TimeRange): AsyncGenerator<readonly LogRow[]> {
    let page: LogRow[] = [];
    for await (const row of this.#all()) {
      if ((from === undefined || row.at >= from) && (to === undefined || row.at < to)) {
        page.push(row);
      }
      if (page.length === PAGE) {
        yield page;
        page = [];
      }
    }
    if (page.length > 0) {
      yield page;
    }
  }

  async find(stream: string, seq: number): Promise<readonly LogRow[]> {
    const found: LogRow[] = [];
    for await (const row of this.#all()) {
      if (row.stream === stream && row.seq === seq) {
        found.push(row);
      }
    }
    return found;
  }

  async findBefore(): Promise<undefined> {
    return undefined;
  }

  /** Of days without rows an export cannot tell whether it was asked for them; checkpoints can. */
  async emptyDays(first: string, last: string): Promise<readonly string[]> {
    const days = new Set(
      this.held.all().map(({ body }) => (JSON.parse(body) as { readonly at: string }).at.slice(0, 10)),
    );
    for await (const { at } of this.#all()) {
      days.delete(at.slice(0, 10));
    }
    return [...days].filter((day) => day >= first.slice(0, 10) && day <= last.slice(0, 10)).toSorted();
  }

  async strays(): Promise<readonly LogRow[]> {
    return [];
  }

  async *#all(): AsyncGenerator<LogRow> {
    let number = 0;
    for await (const line of linesOf(this.path)) {
      number += 1;
      const row = parseLine(line);
      if (row === undefined) {
        const detail = `Line ${number} of ${this.path} is no row of an export, or is cut off. Export again: GET /audit/export?format=ndjson.`;
        throw new BrokerError('invalid_request', detail);
      }
      yield row;
    }
  }
}
