import type { ParameterValue } from '../request/encode-body.js';

/** What one of its ingredients adds to a request. */
export interface RequestPart {
  /** Names are lower-case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
}

/** All parts in one; of two with the same name the later counts. */
export function joinParts(parts: readonly RequestPart[]): Required<RequestPart> {
  return {
    headers: Object.assign({}, ...parts.map(({ headers }) => headers)) as Record<string, string>,
    query: Object.assign({}, ...parts.map(({ query }) => query)) as Record<string, string>,
    parameters: Object.assign({}, ...parts.map(({ parameters }) => parameters)) as Record<string, ParameterValue>,
  };
}
