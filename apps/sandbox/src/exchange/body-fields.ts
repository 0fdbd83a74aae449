import type { RequestSpec } from '../contract/answers-file.js';
import type { Received } from '../http/received.js';

/** Lower-case media type without parameters; '' where none was sent. */
export const mediaType = ({ headers }: Received): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** The texts and numbers of a body in the encoding that the provider documents; none where it is in another or unreadable. */
export async function bodyFields(spec: RequestSpec, received: Received): Promise<ReadonlyMap<string, string>> {
  if (spec.body.encoding === 'none' || received.body.length === 0) {
    return new Map();
  }
  if (spec.body.encoding === 'json') {
    return jsonFields(received);
  }
  return formFields(received);
}

function jsonFields(received: Received): ReadonlyMap<string, string> {
  try {
    const value: unknown = JSON.parse(received.body.toString('utf8'));
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    const plain = entries.filter(([, field]) => typeof field === 'string' || typeof field === 'number');
    return new Map(plain.map(([name, field]) => [name, String(field)]));
  } catch {
    return new Map();
  }
}

async function formFields(received: Received): Promise<ReadonlyMap<string, string>> {
  if (mediaType(received) === 'application/x-www-form-urlencoded') {
    return new Map(new URLSearchParams(received.body.toString('utf8')));
  }
  if (mediaType(received) !== 'multipart/form-data') {
    return new Map();
  }
  try {
    const headers = { 'content-type': received.headers['content-type'] ?? '' };
    const form = await new Response(received.body, { headers }).formData();
    return new Map([...form].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])));
  } catch {
    return new Map();
  }
}
