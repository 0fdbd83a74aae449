import type { Checkpoint } from '../chain/checkpoint.js';
import { genesis } from '../chain/chain.js';
import { CheckpointPass, checkpointsOf } from './checkpoint-pass.js';
import { diagnose, diagnoseStray } from './diagnosis.js';
import { type Fault, firstOf } from './fault.js';
import type { Floor } from './floor.js';
import { gently } from './gently.js';
import type { LogRow, LogSource, RegisteredStream, Snapshot, TimeRange } from './log-source.js';
import { type Doubt, StreamCheck, toLink } from './stream-check.js';
import { StreamEnd } from './stream-end.js';
import type { Verification, VerificationRequest } from './verification.js';

/** How far checkpoints are read ahead of the rows: rows are named soon after they are written. */
const LEAD_MS = 60_000;
/** A row may be so much older than the checkpoint that names it first: it waited, or the signer did. */
const SIGNED_WITHIN_MS = 3_600_000;
const MOST_GIVEN = 100;
/** Each is looked up, and the first fault is what is wanted. */
const MOST_STRAYS = 20;

const later = (time: string, ms: number): string => new Date(Date.parse(time) + ms).toISOString();

/** One reading of the log from its first row to its last. */
export class LogPass {
  readonly #streams = new Map<string, StreamCheck>();
  readonly #registered = new Map<string, RegisteredStream>();
  /** Rows that no stream of the snapshot accounts for: the highest of each stream. */
  readonly #beyond = new Map<string, LogRow>();
  readonly #given: string[] = [];
  readonly #kept: string | undefined;
  readonly #from: string | undefined;
  #foreign: Fault | undefined;
  #strays = 0;
  #rows = 0;

  constructor(
    private readonly source: LogSource,
    private readonly request: VerificationRequest,
    private readonly floor: Floor,
  ) {
    const { from } = request.range ?? {};
    // An export may be older than the retirement: what it holds is verified all the same.
    this.#kept = source.isWhole ? floor.from : undefined;
    this.#from = this.#kept !== undefined && (from === undefined || from < this.#kept) ? this.#kept : from;
  }

  async run(): Promise<Verification> {
    const snapshot = await this.source.snapshot();
    snapshot?.streams.forEach((stream) => this.#registered.set(stream.id, stream));
    const range = this.#rangeOf(snapshot);
    // Of all that is kept, the floor says where its checkpoints begin.
    const asked = { ...this.request.range, from: this.#from === this.#kept ? undefined : this.#from };
    const signed = await checkpointsOf(this.source, asked, this.floor, snapshot);
    const checkpoints = new CheckpointPass(this.source, this.request, signed, (each) => this.#expect(each));
    for await (const page of gently(this.source.rows(range), this.request.rest ?? 0)) {
      this.request.signal?.throwIfAborted();
      await checkpoints.readUpTo(later(page.at(-1)?.at ?? '', LEAD_MS));
      for (const row of page) {
        await this.#take(row);
      }
      this.request.onProgress?.(this.#rows);
    }
    await checkpoints.finish();
    await this.#end(checkpoints, snapshot, range);
    return this.#result(checkpoints);
  }

  /** Rows of after the snapshot are those of writers that went on meanwhile; `#end` looks for others among them. */
  #rangeOf(snapshot: Snapshot | undefined): TimeRange {
    const { to } = this.request.range ?? {};
    const end = snapshot && later(snapshot.takenAt, 1);
    return { from: this.#from, to: to !== undefined && (end === undefined || to < end) ? to : end };
  }

  #stream(id: string): StreamCheck {
    const known = this.#streams.get(id);
    if (known !== undefined) {
      return known;
    }
    const stream = new StreamCheck(id);
    this.#streams.set(id, stream);
    return stream;
  }

  async #take(row: LogRow): Promise<void> {
    const registered = this.#registered.get(row.stream);
    if (this.source.isWhole && (registered === undefined || row.seq > registered.headSeq)) {
      return this.#putAside(row, registered);
    }
    this.#rows += 1;
    const stream = this.#stream(row.stream);
    if (stream.broken) {
      return;
    }
    await this.#settle(stream.position ? stream.accept(row, stream.position) : await this.#open(stream, row), stream);
  }

  async #putAside(row: LogRow, registered: RegisteredStream | undefined): Promise<void> {
    const headAt = registered?.headAt ?? '';
    if (row.at < headAt) {
      await this.#noteStray(row);
      return;
    }
    const { seq = 0 } = this.#beyond.get(row.stream) ?? {};
    if (row.seq > seq) {
      this.#beyond.set(row.stream, row);
    }
  }

  async #noteStray(row: LogRow): Promise<void> {
    if (this.#strays < MOST_STRAYS) {
      this.#strays += 1;
      this.#foreign = firstOf(this.#foreign, await diagnoseStray(row, this.source));
    }
  }

  /** The first row of a stream: what it is chained to is the beginning, the retirement, or the row before the range. */
  async #open(stream: StreamCheck, row: LogRow): Promise<Doubt | undefined> {
    const { id } = stream;
    const replica = this.#registered.get(id)?.replica;
    const retired = this.floor.streams.get(id);
    const isRange = !this.source.isWhole || this.#from !== this.#kept;
    if (retired !== undefined && (retired.seq === row.seq - 1 || !isRange)) {
      return stream.begin(retired) ?? stream.accept(row, retired);
    }
    if (replica !== undefined && (row.seq === 1 || !isRange)) {
      const beginning = genesis(id, replica);
      return stream.begin(beginning) ?? stream.accept(row, beginning);
    }
    const previous = row.previous ?? (this.source.isWhole ? await this.#previousOf(row) : undefined);
    if (previous !== undefined) {
      const before = toLink(row.seq - 1, previous);
      return stream.begin(before) ?? stream.accept(row, before);
    }
    if (this.source.isWhole) {
      stream.begin(toLink(row.seq - 2, ''));
      return { what: 'gap', seq: row.seq - 1, row };
    }
    if (this.#given.length < MOST_GIVEN) {
      this.#given.push(`${id}-${row.seq}`);
    }
    return stream.beginWith(row);
  }

  async #previousOf({ stream, seq, at }: LogRow): Promise<string | undefined> {
    return (await this.source.findBefore(stream, seq - 1, later(at, 1)))?.hash;
  }

  async #expect({ at, streams }: Checkpoint): Promise<void> {
    const mayBeBefore = !this.source.isWhole && this.#from !== undefined && at < later(this.#from, SIGNED_WITHIN_MS);
    for (const { id, seq, hash } of streams) {
      const stream = this.#stream(id);
      const retired = this.floor.streams.get(id);
      if (retired === undefined || seq > retired.seq || !this.source.isWhole) {
        await this.#settle(stream.expect({ seq, hash, at, mayBeBefore }), stream);
      }
    }
  }

  async #settle(doubt: Doubt | undefined, stream: StreamCheck): Promise<void> {
    if (doubt !== undefined) {
      stream.note(doubt, await diagnose(doubt, stream, this.source));
    }
  }

  async #end(checkpoints: CheckpointPass, snapshot: Snapshot | undefined, range: TimeRange): Promise<void> {
    const isToTheEnd = this.request.range?.to === undefined;
    for (const id of this.#registered.keys()) {
      this.#stream(id);
    }
    const end = new StreamEnd(this.source, { range, floor: this.floor, isToTheEnd, asked: this.request.range ?? {} });
    for (const stream of this.#streams.values()) {
      const registered = this.#registered.get(stream.id);
      this.request.signal?.throwIfAborted();
      await end.check(stream, registered, this.#beyond.get(stream.id));
      if (isToTheEnd && registered !== undefined && end.isSignedFurther(stream, registered)) {
        checkpoints.chain.cutShort(stream.id, registered.checkpointSeq);
      }
    }
    if (isToTheEnd) {
      checkpoints.chain.compareWithHeld();
    }
    await this.#lookForStrays(snapshot, isToTheEnd ? range.to : undefined);
  }

  /** What nobody accounts for, now that everything committed before the snapshot was read. */
  async #lookForStrays(snapshot: Snapshot | undefined, after: string | undefined): Promise<void> {
    if (snapshot === undefined) {
      return;
    }
    const now = this.#beyond.size === 0 ? undefined : await this.source.snapshot();
    const heads = new Map(now?.streams.map((stream) => [stream.id, stream.headSeq]));
    // What is signed was written, whatever the register says of it: that was found before.
    const isSigned = ({ stream, seq }: LogRow): boolean => seq <= (this.#streams.get(stream)?.highestSigned ?? 0);
    const isAhead = (row: LogRow): boolean => row.seq > (heads.get(row.stream) ?? 0) && !isSigned(row);
    const aside = [...this.#beyond.values()].filter(isAhead);
    const newer = after === undefined ? [] : await this.source.strays(after);
    for (const row of [...aside, ...newer]) {
      await this.#noteStray(row);
    }
  }

  #result({ chain }: CheckpointPass): Verification {
    const streams = [...this.#streams.values()];
    const ofRows = streams.reduce<Fault | undefined>((first, { fault }) => firstOf(first, fault), this.#foreign);
    const fault = (chain.fault?.kind === 'rolled_back' ? chain.fault : ofRows) ?? chain.fault;
    return {
      ok: fault === undefined,
      rows: this.#rows,
      streams: streams.filter(({ rows }) => rows > 0).length,
      checkpoints: chain.count,
      fault: fault ?? null,
      takenAsGiven: this.#given,
    };
  }
}
