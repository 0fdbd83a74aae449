import { BrokerError, invalidRequest } from '@app/common';
import type { FastifyInstance } from 'fastify';
import { complaintsAbout } from './plain-input.js';

/** Reads bodies of `application/json`: an empty one is none, and one that is refused is told why. */
export function readJsonBodies(instance: FastifyInstance): void {
  const parse = instance.getDefaultJsonParser('error', 'error');
  instance.removeContentTypeParser('application/json');
  instance.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') {
      // Clients that send the type with every request do so where there is nothing to send, too.
      done(null, undefined);
      return;
    }
    void parse(request, text, (error, body) => done(error === null ? null : refusalOf(text), body));
  });
}

/** Fastify's parser has one error for what is no JSON and for the names that it forbids, `__proto__` and its like. */
function refusalOf(text: string): BrokerError {
  try {
    const forbidden = complaintsAbout(JSON.parse(text));
    return invalidRequest(forbidden.length > 0 ? forbidden : [{ field: 'body', message: 'has a forbidden name' }]);
  } catch {
    return invalidRequest([{ field: 'body', message: 'is not valid JSON' }]);
  }
}
