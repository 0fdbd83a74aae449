import type { Endpoint } from './contract.js';
import type { Received } from './oauth.client.js';

/** What a request shows of itself. */
export interface Presented {
  readonly endpoint: Endpoint;
  readonly clientId: string | null;
  /** The refresh token, where there is one. */
  readonly token: string | undefined;
}

const INTROSPECTION_PATH = '/token/introspection';

/** Who asks for what: the client of HTTP Basic or of the body, the refresh token of the body. */
export function presented({ path, headers, body }: Received): Presented {
  const form = new URLSearchParams(body.toString('utf8'));
  const endpoint = path.startsWith(INTROSPECTION_PATH) ? 'introspection' : 'token';
  return {
    endpoint,
    clientId: basicUser(headers.authorization) ?? form.get('client_id'),
    token: form.get(endpoint === 'token' ? 'refresh_token' : 'token') ?? undefined,
  };
}

function basicUser(header = ''): string | undefined {
  const [scheme, text = ''] = header.split(' ');
  if (scheme?.toLowerCase() !== 'basic') {
    return undefined;
  }
  return decodeURIComponent(Buffer.from(text, 'base64').toString('utf8').split(':')[0] ?? '');
}
