import type {
  Fault,
  GrantRecord,
  HeldRequest,
  IssuedGrant,
  IssueOptions,
  RecordFilter,
  Release,
  UpstreamKind,
} from './contract.js';

/** Drives an upstream that runs in a process of its own. */
export interface Upstream {
  /** Where its front door listens. */
  readonly url: string;
  /** Where it is driven: give it to `connectUpstream` in another process. */
  readonly controlUrl: string;
  issue(kind: UpstreamKind, options?: IssueOptions): Promise<IssuedGrant>;
  /** Many grants of one client at once. */
  issueMany(kind: UpstreamKind, count: number, options?: IssueOptions): Promise<readonly IssuedGrant[]>;
  /** @throws Error for a grant that was never issued. */
  record(grantId: string): Promise<GrantRecord>;
  /** In the order of their issue. */
  records(filter?: RecordFilter): Promise<readonly GrantRecord[]>;
  /** Sets a fault; returns its id. */
  fault(fault: Fault): Promise<string>;
  /** Ends one fault, or all; what is held stays held. */
  clear(id?: string): Promise<void>;
  held(): Promise<readonly HeldRequest[]>;
  /** Lets held requests go; returns how many. */
  release(which?: Release): Promise<number>;
  /** Revokes the grant, as its owner would at the provider. */
  revoke(grantId: string): Promise<void>;
  /** Whether this access token would be accepted now. */
  accessTokenAlive(token: string): Promise<boolean>;
  /**
   * The grants whose newest refresh tokens went out only in answers that never arrived. An answer that a process read in the
   * moment before it was killed did arrive: who counts losses of killed processes has to look at when they died.
   */
  smallestPossibleLoss(): Promise<readonly GrantRecord[]>;
  /** Ends the process; nothing of it remains. A connected client only forgets it. */
  stop(): Promise<void>;
}

async function call<Result>(method: string, url: string, body?: unknown): Promise<Result> {
  const init =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch(url, { method, ...init });
  const answer = (await response.json()) as Result | { readonly error: string };
  if (!response.ok) {
    throw new Error(`The upstream refuses ${method} ${url}: ${(answer as { readonly error: string }).error}`);
  }
  return answer as Result;
}

const queryOf = (filter: RecordFilter): string => new URLSearchParams({ ...filter }).toString();

/** A client of an upstream that runs already. */
export function connectUpstream(
  urls: { readonly url: string; readonly controlUrl: string },
  stop: () => Promise<void> = () => Promise.resolve(),
): Upstream {
  const at = (path: string): string => `${urls.controlUrl}${path}`;
  const issueMany = (kind: UpstreamKind, count: number, options: IssueOptions = {}): Promise<IssuedGrant[]> =>
    call('POST', at('/grants'), { ...options, kind, count });
  return {
    ...urls,
    stop,
    issueMany,
    issue: async (kind, options) => (await issueMany(kind, 1, options))[0] as IssuedGrant,
    record: (grantId) => call('GET', at(`/grants/${grantId}`)),
    records: (filter = {}) => call('GET', at(`/grants?${queryOf(filter)}`)),
    fault: async (fault) => (await call<{ readonly id: string }>('POST', at('/faults'), fault)).id,
    clear: async (id) => void (await call('DELETE', at(id === undefined ? '/faults' : `/faults/${id}`))),
    held: () => call('GET', at('/held')),
    release: async (which = {}) => (await call<{ readonly released: number }>('POST', at('/release'), which)).released,
    revoke: async (grantId) => void (await call('POST', at(`/grants/${grantId}/revoke`), {})),
    accessTokenAlive: async (token) =>
      (await call<{ readonly alive: boolean }>('POST', at('/access-token'), { token })).alive,
    smallestPossibleLoss: () => call('GET', at('/loss')),
  };
}
