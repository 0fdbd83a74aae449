import type { FaultKind } from '../upstream/index.js';

/** Where the sending process is when something happens to it. */
export type Moment = 'before_send' | 'sent' | 'before_store';

/** What goes wrong in a cell. All that is named happens once, to the first refresh. */
export interface ComparedFault {
  readonly id: string;
  /** As the table calls it. */
  readonly title: string;
  /** What the way to the provider does; `hold` and `hold_before` last until the moment is over. */
  readonly upstream?: { readonly kind: FaultKind; readonly ms?: number };
  /** What happens to the sending process; a killed one is started again, a frozen one goes on after four leases. */
  readonly process?: { readonly at: Moment; readonly signal: 'SIGKILL' | 'SIGSTOP' };
  /** What happens to the database: every session ended or nothing reachable after the send, or every store of an answer refused. */
  readonly database?: 'cut' | 'away' | 'refusing';
  /** For how long, where it is not over at once; `TIMES.away` unless told. */
  readonly databaseMs?: number;
  /** What the old token has left by what is stored; `TIMES.leftSeconds` unless told. */
  readonly leftSeconds?: number;
  /** True where a rotating provider consumes the token and its answer can reach nobody, whatever is done. */
  readonly takesAnswer?: boolean;
  /** How many processes; two unless told. */
  readonly processes?: number;
}
