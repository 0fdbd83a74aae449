import { Provider } from 'oidc-provider';

type Payload = Readonly<Record<string, unknown>>;

interface Consumption {
  readonly firstAt: number;
  readonly times: number;
}

/** How long a consumed refresh token of this grant keeps working, in milliseconds. */
type GraceOf = (grantId: string) => number;

/**
 * What the OAuth server stores, in this process: its own memory adapter drops all but the last thousand entries, and knows
 * no grace.
 */
export class TokenStore {
  readonly #rows = new Map<string, Payload>();
  readonly #grants = new Map<string, Set<string>>();
  readonly #consumptions = new Map<string, Consumption>();

  constructor(private readonly graceOf: GraceOf) {}

  /** The storage of one model, as `oidc-provider` wants it. */
  adapterFor(model: string): Readonly<Record<string, (...values: never[]) => Promise<unknown>>> {
    const key = (id: string): string => `${model}:${id}`;
    return {
      upsert: async (id: string, payload: Payload) => this.#put(key(id), payload),
      find: async (id: string) => (model === 'RefreshToken' ? this.#refreshToken(id) : this.#rows.get(key(id))),
      consume: async (id: string) => this.#consume(id),
      destroy: async (id: string) => void this.#rows.delete(key(id)),
      revokeByGrantId: async (grantId: string) => this.revoke(grantId),
    };
  }

  /** How often a refresh token was consumed. */
  consumptions = (token: string): number => this.#consumptions.get(token)?.times ?? 0;

  /** Whether a refresh token would be honoured now: there, and not consumed or within its grace. */
  honours(token: string): boolean {
    const row = this.#rows.get(`RefreshToken:${token}`);
    return row !== undefined && !this.#isSpent(token, row);
  }

  /** Whether it was consumed and its grace, if it has one, is over; also of tokens that were revoked since. */
  isSpent = (token: string, grantId: string): boolean => this.#isSpent(token, { grantId });

  /** Takes every token of a grant, and the grant. */
  revoke(grantId: string): void {
    this.#grants.get(grantId)?.forEach((key) => this.#rows.delete(key));
    this.#grants.delete(grantId);
    this.#rows.delete(`Grant:${grantId}`);
  }

  #put(key: string, payload: Payload): void {
    this.#rows.set(key, payload);
    const { grantId } = payload;
    if (typeof grantId === 'string') {
      const keys = this.#grants.get(grantId) ?? new Set();
      this.#grants.set(grantId, keys.add(key));
    }
  }

  /** Within its grace a consumed token looks as if it were not, but to introspection: that tells what is true. */
  #refreshToken(token: string): Payload | undefined {
    const row = this.#rows.get(`RefreshToken:${token}`);
    if (row === undefined) {
      return undefined;
    }
    const asked = Provider.ctx?.oidc.route === 'introspection';
    const isConsumed = asked ? this.#consumptions.has(token) : this.#isSpent(token, row);
    return isConsumed ? { ...row, consumed: Math.floor(Date.now() / 1000) } : row;
  }

  #consume(token: string): void {
    const { firstAt, times } = this.#consumptions.get(token) ?? { firstAt: Date.now(), times: 0 };
    this.#consumptions.set(token, { firstAt, times: times + 1 });
  }

  #isSpent(token: string, { grantId }: Payload): boolean {
    const consumption = this.#consumptions.get(token);
    return consumption !== undefined && Date.now() >= consumption.firstAt + this.graceOf(String(grantId));
  }
}
