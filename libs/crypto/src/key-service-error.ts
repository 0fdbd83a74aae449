import { BrokerError } from '@app/common';

/** A service that holds keys cannot be asked now. What is sealed is whole; asking again makes sense. */
export class KeyServiceError extends BrokerError {
  /** `detail` completes "The key service … ". */
  constructor(service: string, detail: string, cause?: unknown) {
    const message = `The key service ${service} ${detail}. Tokens that are held go on; nothing else can be opened or sealed until it answers.`;
    super('storage_unavailable', message, { cause, retryAfter: 5 });
  }
}
