import type { OutboundAnswer } from '../outbound/exchange.js';
import { type JsonObject, parseJsonObject } from './json.js';
import type { Reading } from './reading.js';

/** `name=value&name=value` and nothing that a page, a sentence or JSON would contain. */
const FORM = /^[\w.~%+[\]-]+=[^\s<>{}"&]*(?:&[\w.~%+[\]-]+=[^\s<>{}"&]*)*$/;

/**
 * The fields of an answer's body, or undefined where it has none. It counts for what it contains, whatever media type it
 * claims: no text is both JSON and a form.
 */
export function parseBody({ body }: OutboundAnswer, { prefixed, formEncoded }: Reading): JsonObject | undefined {
  const json = parseJsonObject(prefixed === true ? fromFirstBrace(body) : body);
  if (json !== undefined || formEncoded !== true) {
    return json;
  }
  const text = body.trim();
  return FORM.test(text) ? Object.fromEntries(new URLSearchParams(text)) : undefined;
}

function fromFirstBrace(text: string): string {
  const start = text.indexOf('{');
  return start === -1 ? text : text.slice(start);
}
