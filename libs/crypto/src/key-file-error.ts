import { BrokerError, type FieldError } from '@app/common';

/** A key file that cannot be used or written. Its message is shown to the operator as it is; it never holds key material. */
export class KeyFileError extends BrokerError {
  constructor(message: string, problems: readonly FieldError[] = []) {
    super('internal_error', message, { errors: problems });
  }
}
