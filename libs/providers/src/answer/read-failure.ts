import { failed } from '../failed.js';
import type { OutboundAnswer } from '../outbound/exchange.js';
import type { Failure, FailureReason } from '../outcome.js';
import type { Traits } from '../traits.js';
import { type JsonObject, lookUp, textOf } from './json.js';
import type { Meaning, Reading, Refusal } from './reading.js';
import { reasonOfStatus } from './reason-of-status.js';
import { readRetryAfter } from './retry-after.js';

/** Whether an answer claims success with its status alone. */
export const isTwoHundred = ({ status }: OutboundAnswer): boolean => status >= 200 && status <= 299;

/** Whether an answer is a success as far as its status and its body tell; whether it holds a token is another question. */
export function isSuccess(
  answer: OutboundAnswer,
  json: JsonObject,
  { successStatuses, successWhen }: Reading,
): boolean {
  const isGoodStatus = successStatuses?.includes(answer.status) ?? isTwoHundred(answer);
  return (
    isGoodStatus &&
    (successWhen === undefined || plainText(lookUp(json, successWhen.path)) === String(successWhen.equals))
  );
}

/**
 * Why an answer brought no token: what the provider's code says (`refusal`); what is configured for it; a status that
 * speaks for itself; its error code; its status or, where that claims success, its body.
 * @param now epoch milliseconds of the answer.
 */
export function failureOf(
  answer: OutboundAnswer,
  json: JsonObject | undefined,
  refusal: Refusal | undefined,
  reading: Reading,
  traits: Traits,
  now: number,
): Failure {
  const { status } = answer;
  const meant = refusal && 'meantStatus' in refusal ? refusal.meantStatus : status;
  const { reason, by }: Read = refusal && 'reason' in refusal ? refusal : reasonOf(meant, json, reading, traits);
  const isIndividual = reason === 'invalid_client' && by !== undefined && reading.individual?.has(by) === true;
  const parameter = refusal && 'parameter' in refusal ? { parameter: refusal.parameter } : {};
  const failure = failed(reason, status, { ...parameter, ...(isIndividual && { individual: true }) });
  // Only a provider that cannot work at the moment can wish to be left alone for a while.
  const isBusy = failure.kind === 'not_sent' || failure.reason === 'server_error';
  const retryAfterSeconds = isBusy ? readRetryAfter(answer.retryAfter, now) : undefined;
  return retryAfterSeconds === undefined ? failure : { ...failure, retryAfterSeconds };
}

/** A reason, and the error code or status that it was told from by what they usually mean. */
interface Read {
  readonly reason: FailureReason;
  readonly by?: string | number;
}

function reasonOf(status: number, json: JsonObject | undefined, reading: Reading, traits: Traits): Read {
  const { meanings = [], codes = {}, reasons = {}, error } = reading;
  const code = json === undefined || error === undefined ? undefined : textOf(lookUp(json, error));
  const configured = meanings.find((meaning) => fits(meaning, status, code));
  if (configured !== undefined) {
    return { reason: configured.reason };
  }
  const isPlain = status === 429 || traits.unprocessedStatuses.includes(status);
  if (!isPlain && code !== undefined && Object.hasOwn(codes, code)) {
    return { reason: codes[code] ?? 'unexpected_status', by: code };
  }
  return status >= 200 && status <= 299
    ? { reason: reasonOfBody(status, json, reading) }
    : { reason: reasonOfStatus(status, reasons, traits.unprocessedStatuses), by: status };
}

/** An answer of success without a token. */
function reasonOfBody(status: number, json: JsonObject | undefined, { successStatuses }: Reading): FailureReason {
  if (json === undefined) {
    return 'unreadable_answer';
  }
  return successStatuses?.includes(status) === false ? 'unexpected_status' : 'no_token';
}

function fits(meaning: Meaning, status: number, code: string | undefined): boolean {
  return (
    (meaning.status === undefined || meaning.status === status) && (meaning.code === undefined || meaning.code === code)
  );
}

/** A text, number or truth value as one writes it. */
function plainText(value: unknown): string | undefined {
  return typeof value === 'boolean' ? String(value) : textOf(value);
}
