import { BrokerError } from '@app/common';
import type { Place } from './place.js';

/** A sealed value that does not open. Its message names keys by id and never holds content. */
export class EnvelopeError extends BrokerError {
  constructor(message: string) {
    super('internal_error', message);
  }
}

/** What is said where the key of a sealed value is not at hand. */
export const missingKey = (id: string, { table, column }: Place): EnvelopeError =>
  new EnvelopeError(
    `A value of ${table}.${column} is sealed with key ${JSON.stringify(id)}, which the key file does not hold: add that key to KEYS_FILE.`,
  );
