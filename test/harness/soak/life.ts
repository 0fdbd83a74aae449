/** A stretch of time, epoch milliseconds; without an end while it lasts. */
export interface Stretch {
  readonly from: number;
  to: number | null;
}

/** One process of a replica, from its start to its end. */
export interface Life {
  /** Which replica: 1, 2, 3. */
  readonly replica: number;
  /** What it signs its attempts with. */
  readonly id: string;
  readonly startedAt: number;
  /** When it was sent SIGKILL; null while it was not. */
  killedAt: number | null;
  readonly freezes: Stretch[];
}

/** How long it was awake between two moments. */
export function awakeMs({ freezes }: Pick<Life, 'freezes'>, from: number, to: number): number {
  const frozen = freezes.reduce(
    (sum, freeze) => sum + Math.max(0, Math.min(freeze.to ?? to, to) - Math.max(freeze.from, from)),
    0,
  );
  return to - from - frozen;
}
