import type { IssuedGrant, Upstream } from '../upstream/index.js';
import type { ComparedFault } from './fault.js';
import type { ServerDatabase } from './server-database.js';

/** A process that is asked for tokens. */
export interface Replica {
  /** An access token that it gives for the connection now; undefined where it gives none. */
  ask(): Promise<string | undefined>;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  /** Resolves once the process has ended. */
  readonly ended: Promise<unknown>;
}

/** What a cell is played in. */
export interface Stage {
  readonly upstream: Upstream;
  readonly grant: IssuedGrant;
  readonly database: ServerDatabase;
  readonly fault: ComparedFault;
}

/** The processes of one contender around one connection, on a database of their own. */
export interface Party {
  /** The first one is the one that is asked first, and that the fault meets. */
  readonly replicas: readonly Replica[];
  /** Asks the first process and resolves once it has stopped at the fault's moment, `before_send` or `before_store`. */
  stopFirst(): Promise<void>;
  /** Starts the first process again, with all that it keeps on its disk. */
  restartFirst(): Promise<void>;
  /** From now on the stored token counts as ended, so that nothing but a refresh helps. */
  endToken(): Promise<void>;
  /** Ends every process. */
  leave(): Promise<void>;
}

/** What is compared. */
export interface Contender {
  readonly id: string;
  /** As the table calls it. */
  readonly title: string;
  /** How many cells at once its processes leave room for. */
  readonly atOnce: number;
  /** The database that each cell's own is cloned from. */
  readonly template: string;
  /** When a trigger fires that is to refuse the stores of an answer, and nothing else: `before update …`. */
  readonly storeGuard: string;
  /** Starts the processes and gives them the connection. */
  enter(stage: Stage): Promise<Party>;
}
