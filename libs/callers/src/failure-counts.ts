/** How many failures of one source wait to be written; `source` is null for the many that had no place of their own. */
export interface FailureCount {
  readonly source: string | null;
  readonly count: number;
}

interface Source {
  /** When its minute began, epoch milliseconds. */
  since: number;
  /** How many of this minute were written one by one. */
  alone: number;
  /** How many wait to be written as one. */
  waiting: number;
}

const ALONE_A_MINUTE = 5;
const MINUTE_MS = 60_000;
const MOST_SOURCES = 256;

/** Counts failures by source in bounded memory: sources beyond the 256 that are watched share one count. None is lost. */
export class FailureCounts {
  private readonly sources = new Map<string, Source>();
  private unwatched = 0;

  /** True for the first five of a source and minute. */
  mayStandAlone(name: string, now: number): boolean {
    const source = this.sources.get(name) ?? this.watch(name, now);
    if (source === undefined) {
      return false;
    }
    if (now - source.since >= MINUTE_MS) {
      source.since = now;
      source.alone = 0;
    }
    source.alone += 1;
    return source.alone <= ALONE_A_MINUTE;
  }

  /** Counts failures of a source that are to be written later. */
  add(name: string | null, count: number): void {
    const source = name === null ? undefined : this.sources.get(name);
    if (source === undefined) {
      this.unwatched += count;
    } else {
      source.waiting += count;
    }
  }

  /** What waits, which is hereby handed over. Sources whose minute is over make room for others. */
  take(now: number): readonly FailureCount[] {
    const taken: FailureCount[] = this.unwatched > 0 ? [{ source: null, count: this.unwatched }] : [];
    this.unwatched = 0;
    for (const [name, source] of this.sources) {
      if (source.waiting > 0) {
        taken.push({ source: name, count: source.waiting });
        source.waiting = 0;
      } else if (now - source.since >= MINUTE_MS) {
        this.sources.delete(name);
      }
    }
    return taken;
  }

  private watch(name: string, now: number): Source | undefined {
    if (this.sources.size >= MOST_SOURCES) {
      return undefined;
    }
    const source = { since: now, alone: 0, waiting: 0 };
    this.sources.set(name, source);
    return source;
  }
}
