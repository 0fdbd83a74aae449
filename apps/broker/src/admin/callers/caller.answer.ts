import type { CallerRecord } from '@app/callers';
import { setEtag } from '../../http/etag.js';
import type { BrokerReply } from '../../http/request.js';
import { type CallerDto, toCallerDto } from './caller.dto.js';

/** The caller, with its version as the ETag. */
export function answerCaller(reply: BrokerReply, caller: CallerRecord): CallerDto {
  setEtag(reply, caller.version);
  return toCallerDto(caller);
}

/** As `answerCaller`: 201 where it was created, 200 where it was replaced. */
export function answerPut(
  reply: BrokerReply,
  { caller, created }: { readonly caller: CallerRecord; readonly created: boolean },
): CallerDto {
  void reply.status(created ? 201 : 200);
  return answerCaller(reply, caller);
}
