import { BrokerError, invalidRequest } from '@app/common';
import { toStorageError } from '@app/database';

const MESSAGE_OF_500 =
  'Something went wrong on our side. It is logged under this request id: give it to whoever operates the broker.';

/** Errors of Fastify and Nest that are the sender's, in our words. Their own messages may quote the input and are not shown. */
const OF_FASTIFY: Readonly<Record<string, () => BrokerError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new BrokerError('payload_too_large', 'The body is larger than 32 kB.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new BrokerError('unsupported_media_type', 'Send the body as JSON, with Content-Type: application/json.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => bodyRefused('does not have the length that Content-Length states'),
  FST_ERR_BAD_URL: () => pathRefused('is not a valid URL path'),
  FST_ERR_MAX_PARAM_LENGTH: () => pathRefused('has a part that is longer than any name'),
};

const bodyRefused = (message: string): BrokerError => invalidRequest([{ field: 'body', message }]);
const pathRefused = (message: string): BrokerError => invalidRequest([{ field: 'path', message }]);

/** Any error as the one BrokerError that its caller is told. */
export function toBrokerError(error: unknown): BrokerError {
  if (isCutOff(error)) {
    return bodyRefused('ended before it was whole');
  }
  const known = toStorageError(error);
  if (known instanceof BrokerError) {
    return known.code === 'internal_error' ? internalError(known) : known;
  }
  const { cause, status, statusCode } = Object(known) as Record<string, unknown>;
  // Nest wraps Fastify's errors in its own, which only have their status.
  const ofFastify = findOfFastify(known) ?? findOfFastify(cause);
  if (ofFastify !== undefined) {
    return ofFastify();
  }
  if (status === 404 || statusCode === 404) {
    return new BrokerError('not_found', 'There is no such path. GET /docs lists those there are.');
  }
  if (statusCode === 400 || status === 400) {
    return invalidRequest([{ field: 'request', message: 'cannot be read' }]);
  }
  return internalError(known);
}

/** The sender ended the connection in the middle of its body. Node tells that with the code that a lost database has, too. */
function isCutOff(error: unknown): boolean {
  const { code, message } = Object(error) as Record<string, unknown>;
  return code === 'ECONNRESET' && message === 'aborted';
}

function findOfFastify(error: unknown): (() => BrokerError) | undefined {
  const { code } = Object(error) as Record<string, unknown>;
  return typeof code === 'string' && Object.hasOwn(OF_FASTIFY, code) ? OF_FASTIFY[code] : undefined;
}

/** What happened stands in the log, under the request id, and nowhere else. */
const internalError = (cause: unknown): BrokerError => new BrokerError('internal_error', MESSAGE_OF_500, { cause });
