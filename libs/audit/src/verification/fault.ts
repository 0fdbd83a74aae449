/** What can be wrong with the log, and what a person does about it: a closed union (docs/audit.md, "Kinds of faults"). */
export const FAULT_ADVICE = {
  rolled_back:
    'The database is an older state of itself than what is held outside: find the newer state, or take the rows since then as lost.',
  row_edited:
    'Somebody changed this row: compare it with a copy of the log, and find out who could write to the database.',
  row_deleted:
    'Somebody removed it: look for the row in a copy of the log, and find out who could write to the database.',
  row_inserted: 'No broker wrote this row: do not trust it, and find out who could write to the database.',
  rows_swapped:
    'Somebody exchanged rows: compare them with a copy of the log, and find out who could write to the database.',
  tail_cut: 'The newest rows of the stream were removed: look for them in a copy of the log.',
  stream_missing: 'A whole stream was removed: look for its rows in a copy of the log.',
  partition_missing: 'The rows of whole days were removed without a retirement: restore them from a copy of the log.',
  chain_rewritten:
    'Rows up to this one were written anew, hashes and all: compare them with a copy of the log, from the row named as confirmed on.',
  head_moved: 'Somebody changed the table audit_streams: its rows are not to be trusted as the end of the log.',
  checkpoint_forged: 'The holder of the signing key did not sign this: compare it with the checkpoints held outside.',
  checkpoint_missing: 'Somebody removed checkpoints: verify against those held outside.',
  unknown_key:
    'Give the public key of this id, if it is one of yours; otherwise somebody signed with a key of their own.',
} as const satisfies Record<string, string>;
export type FaultKind = keyof typeof FAULT_ADVICE;

/** The first fault that was found. */
export interface Fault {
  readonly kind: FaultKind;
  /** Decimal; null where the fault is one of the checkpoints. */
  readonly stream: string | null;
  /** Of the row; where `stream` is null, the number of the checkpoint. */
  readonly seq: number;
  /** What was found and what to do, for people. */
  readonly detail: string;
}

/** A fault with what was found, and the advice for its kind. */
export const newFault = (kind: FaultKind, stream: string | null, seq: number, found: string): Fault => ({
  kind,
  stream,
  seq,
  detail: `${found} ${FAULT_ADVICE[kind]}`,
});

/** The one that comes first: by stream, then by number. */
export function firstOf(one: Fault | undefined, other: Fault | undefined): Fault | undefined {
  if (one === undefined || other === undefined) {
    return one ?? other;
  }
  const order = compared(BigInt(one.stream ?? 0), BigInt(other.stream ?? 0)) || compared(one.seq, other.seq);
  if (order === 0) {
    // What became of a missing row says more than that it is missing.
    return one.kind === 'row_deleted' ? other : one;
  }
  return order < 0 ? one : other;
}

const compared = (one: bigint | number, other: bigint | number): number => (one < other ? -1 : Number(one > other));
