import { diagnose } from './diagnosis.js';
import { type Fault, newFault } from './fault.js';
import type { Floor } from './floor.js';
import type { LogRow, LogSource, RegisteredStream, TimeRange } from './log-source.js';
import type { Doubt, Expected, StreamCheck } from './stream-check.js';

/** What was read. */
export interface Reading {
  readonly range: TimeRange;
  /** As it was asked for. */
  readonly asked: TimeRange;
  readonly floor: Floor;
  readonly isToTheEnd: boolean;
}

/** Whether each stream ends where the register and the checkpoints say. */
export class StreamEnd {
  constructor(
    private readonly source: LogSource,
    private readonly reading: Reading,
  ) {}

  /** Notes in the stream what is wrong with its end. `beyond` is a row of it that its registered head does not reach. */
  async check(
    stream: StreamCheck,
    registered: RegisteredStream | undefined,
    beyond: LogRow | undefined,
  ): Promise<void> {
    if (stream.broken) {
      return;
    }
    await this.#lookUpLate(stream);
    const doubt = await this.#doubt(stream, registered);
    if (doubt === undefined) {
      this.#compareHead(stream, registered);
      return;
    }
    const unreached = beyond && this.#unreached(stream, registered, beyond);
    stream.note(doubt, unreached ?? (await diagnose(doubt, stream, this.source)));
  }

  /** True where the register knows of a checkpoint that names a later row than all that were read. */
  isSignedFurther(stream: StreamCheck, { checkpointSeq, headAt }: RegisteredStream): boolean {
    const { range, floor } = this.reading;
    const began = floor.streams.get(stream.id)?.seq ?? 0;
    const isBefore = range.from !== undefined && (headAt === null || headAt < range.from);
    return checkpointSeq > Math.max(stream.highestSigned, began) && !isBefore;
  }

  async #lookUpLate(stream: StreamCheck): Promise<void> {
    for (const { seq, hash } of stream.late) {
      const found = await this.source.find(stream.id, seq);
      if (!found.some((row) => row.hash === hash)) {
        const doubt = { what: 'rewritten', seq } as const;
        stream.note(doubt, await diagnose(doubt, stream, this.source));
        return;
      }
    }
  }

  /** The first row that must be there and was not read. */
  async #doubt(stream: StreamCheck, registered: RegisteredStream | undefined): Promise<Doubt | undefined> {
    const { missing, lastMissing } = stream;
    if (
      missing !== undefined &&
      lastMissing !== undefined &&
      !(await this.#isElsewhere(stream, missing, lastMissing))
    ) {
      return this.#endOf(stream, missing.seq, missing.at);
    }
    const { headAt = null, headSeq = 0 } = registered ?? {};
    if (headAt === null || !this.#isRead(headAt)) {
      return undefined;
    }
    const reached = stream.position?.seq ?? this.reading.floor.streams.get(stream.id)?.seq ?? 0;
    return headSeq > reached ? this.#endOf(stream, headSeq, headAt) : undefined;
  }

  #endOf(stream: StreamCheck, seq: number, by: string): Doubt {
    const reached = stream.position?.seq ?? this.reading.floor.streams.get(stream.id)?.seq;
    const isRange = !this.source.isWhole || this.reading.asked.from !== undefined;
    return { what: 'end', seq: reached === undefined ? (isRange ? seq : 1) : reached + 1, by };
  }

  #isRead(time: string): boolean {
    const { range, isToTheEnd } = this.reading;
    return (
      (range.from === undefined || time >= range.from) && (isToTheEnd || range.to === undefined || time < range.to)
    );
  }

  /** True where the named rows are of a time that was not read. */
  async #isElsewhere({ id, rows }: StreamCheck, first: Expected, last: Expected): Promise<boolean> {
    const retired = this.reading.floor.streams.get(id)?.seq ?? 0;
    if (rows === 0 && ((first.mayBeBefore && last.mayBeBefore) || last.seq <= retired)) {
      return true;
    }
    const { from, to } = this.reading.asked;
    if (!this.source.isWhole || (from === undefined && to === undefined)) {
      return false;
    }
    for (const { seq, hash } of [first, last]) {
      const found = await this.source.find(id, seq);
      if (!found.some((row) => row.hash === hash && !this.#isRead(row.at))) {
        return false;
      }
    }
    return true;
  }

  #unreached(stream: StreamCheck, registered: RegisteredStream | undefined, beyond: LogRow): Fault | undefined {
    if (registered === undefined) {
      const found = `Stream ${stream.id} is not registered in audit_streams any more, though rows of it are there.`;
      return newFault('stream_missing', stream.id, 1, found);
    }
    const { headSeq } = registered;
    const found = `audit_streams says that stream ${stream.id} ends with ${headSeq}, but ${beyond.stream}-${beyond.seq} is there, and signed.`;
    return stream.highestSigned > headSeq ? newFault('head_moved', stream.id, headSeq + 1, found) : undefined;
  }

  #compareHead(stream: StreamCheck, registered: RegisteredStream | undefined): void {
    const { position, lastAt, rows } = stream;
    if (stream.fault !== undefined) {
      return;
    }
    if (registered === undefined || position === undefined || rows === 0 || position.seq !== registered.headSeq) {
      return;
    }
    if (position.hash.toString('hex') !== registered.headHash || lastAt !== registered.headAt) {
      const found = `audit_streams says something else of ${stream.id}-${position.seq}, the last row of its stream, than the row itself.`;
      stream.fault = newFault('head_moved', stream.id, position.seq, found);
    }
  }
}
