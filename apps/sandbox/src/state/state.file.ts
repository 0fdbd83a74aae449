import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type Snapshot, toSnapshot } from './snapshot.js';

const DEBOUNCE_MS = 100;
/** Writing may take a tenth of the time: thousands of credentials must not keep the sandbox busy with its file. */
const REST_FACTOR = 10;
const OWNER_ONLY = 0o600;

/** Reads what an earlier run left. A damaged file is moved aside, said aloud, and the sandbox begins anew. */
export function readState(path: string, warn: (message: string) => void): Snapshot | undefined {
  if (!existsSync(path)) {
    return undefined;
  }
  const text = readFileSync(path, 'utf8');
  try {
    return toSnapshot(JSON.parse(text));
  } catch {
    const aside = `${path}.damaged-${Date.now()}`;
    renameSync(path, aside);
    const lost = 'The sandbox begins anew: credentials that it had issued no longer work, issue new ones.';
    warn(`The state file of the sandbox was damaged and is now ${aside}. ${lost}`);
    return undefined;
  }
}

/** Keeps a file in step with the sandbox: a change is on disk 100 ms later, or at `flush`. */
export class StateFile {
  #timer: NodeJS.Timeout | undefined;
  #delay = DEBOUNCE_MS;

  /** `take` gives what is to be kept at the moment of writing. */
  constructor(
    private readonly path: string,
    private readonly take: () => Snapshot,
    private readonly warn: (message: string) => void,
  ) {}

  /** Something changed. */
  touch(): void {
    this.#timer ??= setTimeout(() => this.flush(), this.#delay);
  }

  /** Writes what is not yet on disk. The file is replaced as a whole, so that a crash leaves the old one or the new one. */
  flush(): void {
    if (!this.#timer) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const start = performance.now();
    try {
      const draft = `${this.path}.${process.pid}.tmp`;
      rmSync(draft, { force: true });
      writeFileSync(draft, JSON.stringify(this.take()), { mode: OWNER_ONLY });
      renameSync(draft, this.path);
    } catch (error) {
      const { message } = error as Error;
      this.warn(
        `The sandbox cannot write its state to ${this.path}: ${message}. It goes on without; free some space or fix the permissions.`,
      );
    }
    this.#delay = Math.max(DEBOUNCE_MS, (performance.now() - start) * REST_FACTOR);
  }
}
