import type { TestBroker } from './broker.js';
import { type RawAnswer, rawRequest, sendRaw } from './raw-http.js';

/** Sends requests as the administrator and gives their answers as they came. */
export interface EdgeClient {
  /** Through an ordinary client. */
  ask(method: string, path: string, init?: RequestInit): Promise<RawAnswer>;
  /** Exactly these lines, on a connection of their own. */
  raw(method: string, target: string, headers?: readonly string[], body?: string): Promise<RawAnswer>;
}

/** One for a broker. */
export const edgeClient = ({ url, adminKey }: TestBroker): EdgeClient => ({
  ask: async (method, path, init = {}) => {
    const headers = { authorization: `Bearer ${adminKey}`, ...(init.headers as Record<string, string>) };
    const answer = await fetch(`${url}${path}`, { ...init, method, headers });
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
  },
  raw: (method, target, headers = [], body = '') =>
    sendRaw(url, rawRequest(method, target, [`Authorization: Bearer ${adminKey}`, ...headers], body)),
});

/** For a request with a body. */
export const JSON_TYPE = { 'content-type': 'application/json' };
