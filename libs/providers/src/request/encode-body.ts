import { randomLetters } from '@app/common';

/** How the fields of a body are written. */
export type BodyEncoding = 'form' | 'multipart' | 'json';

/** A parameter's value; only JSON keeps what is no text as it is. */
export type ParameterValue = string | number | boolean;

/** A body and the media type that it is sent with. */
export interface EncodedBody {
  readonly contentType: string;
  readonly text: string;
}

/** Writes the fields of a body. Names must not contain quotation marks and line breaks; values may contain anything. */
export function encodeBody(encoding: BodyEncoding, fields: Readonly<Record<string, ParameterValue>>): EncodedBody {
  if (encoding === 'json') {
    return { contentType: 'application/json', text: JSON.stringify(fields) };
  }
  const texts = Object.entries(textsOf(fields));
  if (encoding === 'form') {
    return { contentType: 'application/x-www-form-urlencoded', text: new URLSearchParams(textsOf(fields)).toString() };
  }
  // Random, so that no value can contain it and begin a part of its own (RFC 7578, 4.1).
  const boundary = `claviger-${randomLetters(24)}`;
  const parts = texts.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return { contentType: `multipart/form-data; boundary=${boundary}`, text: `${parts.join('')}--${boundary}--\r\n` };
}

/** Parameters as they are written where there are only texts. */
export const textsOf = (fields: Readonly<Record<string, ParameterValue>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
