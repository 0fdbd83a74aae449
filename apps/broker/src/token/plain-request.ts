import type { IncomingMessage } from 'node:http';
import type { TokenRequest } from '@app/tokens';
import { DEFAULT_CONNECTION, DEFAULT_MIN_TTL, LONGEST_MIN_TTL } from './token.dto.js';

const NAME = '[a-z0-9][a-z0-9._-]{0,62}';
/** Nothing escaped, nothing twice, nothing else: what services send. */
const PLAIN = new RegExp(`^/providers/(${NAME})/token(?:\\?connection=(${NAME})(?:&min_ttl=(\\d{1,5}))?)?$`);

/** What a plain GET for a token asks for; undefined of every other request, which may be good all the same. */
export function plainRequest({
  method,
  url = '',
  headers,
}: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): TokenRequest | undefined {
  const parts = method === 'GET' ? PLAIN.exec(url) : null;
  if (parts === null || headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
    return undefined;
  }
  const [, provider = '', connection = DEFAULT_CONNECTION, minTtl] = parts;
  const minTtlSeconds = minTtl === undefined ? DEFAULT_MIN_TTL : Number(minTtl);
  return minTtlSeconds > LONGEST_MIN_TTL ? undefined : { provider, connection, minTtlSeconds };
}
