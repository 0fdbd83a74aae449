/** Runs `run` after `ms` milliseconds unless the returned function is called first. */
export type After = (ms: number, run: () => void) => () => void;

/** The process's own timers. */
export const after: After = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** What `work` resolves to; `undefined` once `ms` milliseconds have passed without it, or when it rejects. */
export function within<T>(ms: number, work: Promise<T>, timers: After = after): Promise<T | undefined> {
  return new Promise((resolve) => {
    const cancel = timers(ms, () => resolve(undefined));
    const answer = (value?: T): void => {
      cancel();
      resolve(value);
    };
    work.then(answer, () => answer());
  });
}

/** A clock for lengths of time, and what runs by it. */
export interface Timers {
  readonly after: After;
  /** Milliseconds since some moment. */
  readonly now: () => number;
}

/** The process's own. */
export const processTimers: Timers = { after, now: () => performance.now() };
