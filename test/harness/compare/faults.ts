import type { ComparedFault } from './fault.js';
import { TIMES } from './times.js';

/** The rows of the table. */
export const FAULTS: readonly ComparedFault[] = [
  { id: 'none', title: 'none: three processes at once', processes: 3 },
  {
    id: 'killed-before-send',
    title: 'killed before the send',
    process: { at: 'before_send', signal: 'SIGKILL' },
  },
  {
    id: 'killed-after-send',
    title: 'killed after the send',
    upstream: { kind: 'hold_before' },
    process: { at: 'sent', signal: 'SIGKILL' },
    takesAnswer: true,
  },
  {
    id: 'killed-before-store',
    title: 'killed after the answer, before it is stored',
    process: { at: 'before_store', signal: 'SIGKILL' },
  },
  {
    id: 'frozen-before-send',
    title: 'frozen for four leases before the send',
    process: { at: 'before_send', signal: 'SIGSTOP' },
  },
  {
    id: 'frozen-after-send',
    title: 'frozen for four leases after the send',
    upstream: { kind: 'hold' },
    process: { at: 'sent', signal: 'SIGSTOP' },
  },
  { id: 'lost', title: 'answer lost', upstream: { kind: 'lost' }, takesAnswer: true },
  { id: 'truncated', title: 'answer truncated', upstream: { kind: 'truncated' }, takesAnswer: true },
  { id: 'bad-gateway', title: '502 after processing', upstream: { kind: 'bad_gateway' }, takesAnswer: true },
  { id: 'slow', title: 'answer slower than patience', upstream: { kind: 'slow', ms: TIMES.slow } },
  { id: 'late', title: 'request delivered late', upstream: { kind: 'late', ms: TIMES.late }, takesAnswer: true },
  { id: 'cut-before', title: 'request lost', upstream: { kind: 'cut_before' } },
  { id: 'unprocessed', title: '503 without processing', upstream: { kind: 'unprocessed_503' } },
  { id: 'database-cut', title: 'database sessions cut during the call', upstream: { kind: 'hold' }, database: 'cut' },
  { id: 'store-refused', title: 'stores of the answer fail for two leases', database: 'refusing' },
  {
    id: 'store-refused-long',
    title: 'the same for six leases, old token near its end',
    database: 'refusing',
    databaseMs: TIMES.awayLong,
    leftSeconds: TIMES.leftSecondsNearEnd,
  },
  {
    id: 'database-away',
    title: 'database gone for two leases when the answer comes',
    upstream: { kind: 'hold' },
    database: 'away',
  },
  {
    id: 'database-away-long',
    title: 'the same for six leases, old token near its end',
    upstream: { kind: 'hold' },
    database: 'away',
    databaseMs: TIMES.awayLong,
    leftSeconds: TIMES.leftSecondsNearEnd,
  },
  {
    id: 'database-away-killed',
    title: 'database gone for two leases when the answer comes, then killed',
    upstream: { kind: 'hold' },
    database: 'away',
    process: { at: 'before_store', signal: 'SIGKILL' },
  },
];
