import { losslessParse } from '../contract/lossless.js';
import type { Answer } from '../contract/contract.js';
import type { Asked } from './asked.js';

const FORM = 'application/x-www-form-urlencoded; charset=utf-8';

/** An answer as the request accepts it, where the provider writes forms to whoever does not ask for JSON. */
export function inAcceptedForm(answer: Answer, { contract, received }: Asked): Answer {
  const acceptsJson = /\bapplication\/json\b/i.test(received.headers['accept'] ?? '');
  if (!contract.sandbox.form_by_default || acceptsJson || answer.headers['content-type'] !== 'application/json') {
    return answer;
  }
  const entries = Object.entries(losslessParse(answer.body) as Readonly<Record<string, unknown>>);
  const body = new URLSearchParams(entries.map(([name, value]): [string, string] => [name, String(value ?? '')]));
  return { ...answer, headers: { ...answer.headers, 'content-type': FORM }, body: body.toString() };
}
