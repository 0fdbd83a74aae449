import { destination, type DestinationStream, pino } from 'pino';
import { oneLine } from './one-line.js';

/** Levels of LOG_LEVEL, from silent to most talkative. */
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The only facts that a log line may carry. Anything else does not compile, and is dropped if it gets here all the same. */
const FACTS = [
  'attempt_id',
  'caller',
  'checkpoint',
  'client_ip',
  'code',
  'connection',
  'count',
  'duration_ms',
  'error_code',
  'error_frames',
  'error_message',
  'error_name',
  'fence',
  'generation',
  'key_id',
  'method',
  'outcome',
  'port',
  'provider',
  'reason',
  'replica',
  'request_id',
  'route',
  'signal',
  'signature',
  'source',
  'status',
  'stream',
  'upstream_status',
  'url',
] as const;

export type LogFacts = Partial<Record<(typeof FACTS)[number], string | number | boolean | null | undefined>>;

/** One line of JSON a call: `message` is a fixed sentence, what varies stands in the facts. */
export interface Log {
  error(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  debug(message: string, facts?: LogFacts): void;
}
export const Log = Symbol('Log');

const pick = (facts: LogFacts): LogFacts =>
  Object.fromEntries(FACTS.filter((name) => facts[name] !== undefined).map((name) => [name, facts[name]]));

/** A Log that writes JSON lines to `stream` (default: standard output, synchronously, so that a crash loses none). */
export function createLog(level: LogLevel, stream: DestinationStream = destination({ dest: 1, sync: true })): Log {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => stream.write(oneLine(line)) },
  );
  const writer =
    (method: 'error' | 'warn' | 'info' | 'debug') =>
    (message: string, facts: LogFacts = {}) =>
      logger[method](pick(facts), message);
  return { error: writer('error'), warn: writer('warn'), info: writer('info'), debug: writer('debug') };
}
