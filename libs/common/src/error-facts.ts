import { BrokerError } from './errors.js';
import type { LogFacts } from './log.js';
import { sourceFrame } from './source-frame.js';

const MOST_FRAMES = 8;

/**
 * What may be logged of an error. The message of a foreign error is left out on purpose: parsers and drivers quote their
 * input in it, and that input may be a credential. Name, code and stack frames are enough to find the place.
 */
export function errorFacts(error: unknown): LogFacts {
  if (error instanceof BrokerError) {
    const cause = error.facts.cause === undefined ? {} : errorFacts(error.facts.cause);
    return { ...cause, code: error.code, error_message: error.message };
  }
  if (typeof error !== 'object' || error === null) {
    return { error_name: typeof error };
  }
  const { name, code, stack, message } = error as Record<'name' | 'code' | 'stack' | 'message', unknown>;
  return {
    error_name: typeof name === 'string' ? name : 'Error',
    error_code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    error_frames: typeof stack === 'string' ? frames(stack, String(message)) : undefined,
  };
}

/** The message is cut off first: a line of it may look like a frame. */
const frames = (stack: string, message: string): string =>
  stack
    .replace(message, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .slice(0, MOST_FRAMES)
    .map(sourceFrame)
    .join(' | ');
