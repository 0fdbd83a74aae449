import type { RawAnswer } from './raw-http.js';

/** The members of a problem document (http.md, "Errors"). */
export const MEMBERS = ['code', 'detail', 'instance', 'status', 'title', 'type'];
/** Those that stand there where they apply. */
export const OPTIONAL = ['errors', 'retry_after', 'provider', 'connection', 'upstream', 'parameter'];

/** A problem document. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly instance: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** The problem that an answer is. Throws where it is none, or lacks or has what the contract does not say. */
export function problemOf({ status, headers, body }: RawAnswer): Problem {
  const problem = JSON.parse(body) as Problem & Readonly<Record<string, unknown>>;
  const { code, instance, errors = [] } = problem;
  const expectations = {
    'its media type': headers['content-type']?.startsWith('application/problem+json'),
    'no-store': headers['cache-control'] === 'no-store',
    'its type': problem['type'] === `urn:claviger:problem:${code}`,
    'the status of the answer': problem.status === status,
    'the request id as its instance': instance === headers['x-request-id'] && /^[\w.:-]{1,64}$/.test(instance),
    'words for people': [problem['title'], problem['detail']].every((text) => /\w/.test(String(text))),
    'all members': MEMBERS.every((name) => Object.hasOwn(problem, name)),
    'no other members': Object.keys(problem).every((name) => [...MEMBERS, ...OPTIONAL].includes(name)),
    'errors of field and message': errors.every((error) => Object.keys(error).toSorted().join() === 'field,message'),
    'errors where it is 400': status !== 400 || errors.length > 0,
    'a challenge where it is 401': status !== 401 || headers['www-authenticate']?.startsWith('Bearer') === true,
    'the methods where it is 405': status !== 405 || headers['allow'] !== undefined,
    'Retry-After where it says so': headers['retry-after'] === problem['retry_after']?.toString(),
  };
  const missing = Object.entries(expectations).filter(([, holds]) => holds !== true);
  if (missing.length > 0) {
    throw new Error(`The problem lacks ${missing.map(([what]) => what).join(', ')}: ${status} ${body}`);
  }
  return problem;
}
