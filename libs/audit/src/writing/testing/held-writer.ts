import type { Log } from '@app/common';
import type { AuditEvent } from '../../event.js';
import { AuditHealth } from '../audit.health.js';
import { AuditWriter } from '../audit.writer.js';
import { StreamWriter } from '../stream.writer.js';
import { HeldStore } from './held-store.js';
import { HeldTimers } from './held-timers.js';

const ignore = (): void => undefined;

/** The replica whose stream is written. */
export const REPLICA = '00000000-0000-4000-8000-000000000001';

/** An event as a caller's token makes one. */
export const newEvent = (overrides: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'caller', caller: 'billing', keyId: 'k1' },
  ...overrides,
});

/** One event for each request id. */
export const named = (...requestIds: readonly string[]): readonly AuditEvent[] =>
  requestIds.map((requestId) => newEvent({ requestId }));

/** So many request ids. */
export const many = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `r${index}`);

/** A writer whose store and timers do nothing until they are told to; `time.now` is the clock, `errors` what operators are told. */
export function newHeldWriter() {
  const time = { now: Date.UTC(2026, 10, 29) };
  const marks: string[] = [];
  const errors: string[] = [];
  const log: Log = { error: (text) => void errors.push(text), warn: ignore, info: ignore, debug: ignore };
  const store = new HeldStore();
  const timers = new HeldTimers();
  const target = new StreamWriter(store, REPLICA, { now: () => time.now });
  const news = { observe: (mark: string) => void marks.push(mark) };
  const sut = new AuditWriter(target, new AuditHealth(store, log, timers.after), news, timers);
  return { sut, store, timers, marks, errors, time };
}
