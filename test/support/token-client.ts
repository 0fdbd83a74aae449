import { Pool } from 'undici';

/** The members of a token answer, as http.md has them. */
export interface TokenBody {
  readonly provider: string;
  readonly connection: string;
  readonly access_token: string;
  readonly token_type: string;
  readonly authorization: string;
  readonly expires_in: number;
  readonly expires_at: string;
  readonly issued_at: string;
  readonly generation: number;
  readonly source: string;
  readonly extra: Readonly<Record<string, string>>;
  readonly warnings: readonly { readonly code: string; readonly detail: string }[];
}

/** The members of a problem document that refusals of tokens have. */
export interface ProblemBody {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly retry_after?: number;
  readonly parameter?: string;
  readonly upstream?: { readonly status: number | null; readonly reason: string };
}

export interface TokenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Both shapes, of which the status says which one it is. */
  readonly body: TokenBody & ProblemBody;
}

/** What a service asks for, in the words of the HTTP contract. */
export interface Asked {
  readonly connection?: string;
  readonly min_ttl?: number;
  readonly rejected_generation?: number;
}

/** More would only test how many sockets a machine allows. */
const MOST_SOCKETS = 250;

/** A service with an API key, which asks over a pool of connections as real ones do. */
export class TokenClient {
  readonly #pool: Pool;
  readonly #key: string;

  constructor({ url }: { readonly url: string }, key: string) {
    this.#pool = new Pool(url, { connections: MOST_SOCKETS });
    this.#key = key;
  }

  get(provider: string, asked: Asked = {}): Promise<TokenAnswer> {
    const query = new URLSearchParams(
      Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, String(value)])),
    );
    return this.#ask('GET', `/providers/${provider}/token?${query}`);
  }

  post(provider: string, asked: Asked = {}): Promise<TokenAnswer> {
    return this.#ask('POST', `/providers/${provider}/token`, asked);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #ask(method: 'GET' | 'POST', path: string, sent?: Asked): Promise<TokenAnswer> {
    const headers = { authorization: `Bearer ${this.#key}` };
    const { statusCode, body, ...answer } = await this.#pool.request({
      method,
      path,
      headers: sent === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    });
    return { status: statusCode, headers: answer.headers, body: (await body.json()) as TokenBody & ProblemBody };
  }
}
