import { BrokerError } from '@app/common';

/** SQLSTATE classes and Node and Prisma codes that mean "Postgres is not there", as opposed to "our statement is wrong". */
const UNREACHABLE =
  /^(?:08\w{3}|53\w{3}|57P0\d|57014|25006|E(?:CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|HOSTUNREACH|AI_AGAIN)|ENOTFOUND|P10\d\d|P2024|P2028)$/;
const UNREACHABLE_TEXT =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Cannot use a pool after calling end|Query read timeout/;

const RETRY_AFTER_SECONDS = 2;

/** True where an error of pg or Prisma means that Postgres cannot be reached or cannot serve now. */
export function isStorageFailure(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) {
    return false;
  }
  const { code, message, cause, meta } = error as {
    code?: unknown;
    message?: unknown;
    cause?: unknown;
    meta?: unknown;
  };
  return (
    (typeof code === 'string' && UNREACHABLE.test(code)) ||
    (typeof message === 'string' && UNREACHABLE_TEXT.test(message)) ||
    isStorageFailure(cause) ||
    isStorageFailure((meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError)
  );
}

/** The error itself, or BrokerError `storage_unavailable` around it where Postgres is out of reach. */
export function toStorageError(error: unknown): unknown {
  return !(error instanceof BrokerError) && isStorageFailure(error)
    ? new BrokerError('storage_unavailable', 'The database does not answer. Ask again in a moment.', {
        cause: error,
        retryAfter: RETRY_AFTER_SECONDS,
      })
    : error;
}
