import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { BrokerRequest } from './request.js';

/** Parameter of a controller's method: the Caller that the guard authenticated. */
export const CurrentCaller = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<BrokerRequest>().caller,
);
