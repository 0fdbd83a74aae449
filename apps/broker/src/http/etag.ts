import type { ExpectedVersion } from '@app/common';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { BrokerReply, BrokerRequest } from './request.js';

/** A version that nothing has: what an If-Match means that is none of our ETags. */
const NO_VERSION = -1;

/** The ETag of a version: `"7"`. */
export const etag = (version: number): string => `"${version}"`;

/** The version that an If-Match header names. One ETag: a list, which nothing here answers, matches nothing. */
export function expectedVersion(header: string | undefined): ExpectedVersion {
  if (header === undefined || header.trim() === '*') {
    return header === undefined ? undefined : '*';
  }
  const [, version] = /^(?:W\/)?"(\d{1,9})"$/.exec(header.trim()) ?? [];
  return version === undefined ? NO_VERSION : Number(version);
}

/** Parameter of a controller's method: the version that If-Match expects. */
export const IfMatch = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  expectedVersion(context.switchToHttp().getRequest<BrokerRequest>().headers['if-match']),
);

/** Sets the ETag of what is answered. */
export const setEtag = (reply: BrokerReply, version: number): void => void reply.header('etag', etag(version));
