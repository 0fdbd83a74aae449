import type { ExpectedVersion } from '@app/common';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { BrokerReply, BrokerRequest } from './request.js';

/** The ETag of a version: `"7"`. */
export const etag = (version: number): string => `"${version}"`;

/** The versions that an If-Match header names. What is none of our ETags names none. */
export function expectedVersion(header: string | undefined): ExpectedVersion {
  if (header === undefined || header.trim() === '*') {
    return header === undefined ? undefined : '*';
  }
  // None of ours has a comma, so one inside somebody else's does not matter.
  return header
    .split(',')
    .map((tag) => /^(?:W\/)?"(\d{1,9})"$/.exec(tag.trim())?.[1])
    .filter((version) => version !== undefined)
    .map(Number);
}

/** Parameter of a controller's method: the version that If-Match expects. */
export const IfMatch = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  expectedVersion(context.switchToHttp().getRequest<BrokerRequest>().headers['if-match']),
);

/** Sets the ETag of what is answered. */
export const setEtag = (reply: BrokerReply, version: number): void => void reply.header('etag', etag(version));
