import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { AuditOrigin } from '@app/audit';
import type { BrokerRequest } from './request.js';

/** Where a request comes from, as the audit log names it. */
export function originOf({ caller, id, ip }: Pick<BrokerRequest, 'caller' | 'id' | 'ip'>): AuditOrigin {
  const actor = caller && { type: 'caller' as const, caller: caller.name, keyId: caller.keyId };
  return { actor: actor ?? { type: 'anonymous' }, requestId: id, clientIp: ip };
}

/** Parameter of a controller's method: the AuditOrigin of the request. */
export const Origin = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  originOf(context.switchToHttp().getRequest<BrokerRequest>()),
);
