import { BrokerError } from '@app/common';

/** A sealed value that does not open. Its message names keys by id and never holds content. */
export class EnvelopeError extends BrokerError {
  constructor(message: string) {
    super('internal_error', message);
  }
}
