import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { invalidRequest } from '@app/common';
import type { BrokerRequest } from './request.js';

/** Nest's numbers for the kinds of parameters in its route metadata (`RouteParamtypes`). */
const BODY = '3:';
const QUERY = '4:';

/** Refuses query parameters and bodies where a route takes none; where it takes some, its DTO refuses the unknown. */
@Injectable()
export class UndeclaredInputGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { query, body } = context.switchToHttp().getRequest<BrokerRequest>();
    const declared = Object.keys(
      (Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) ?? {}) as object,
    );
    const takes = (kind: string): boolean => declared.some((key) => key.startsWith(kind));
    const unknown = [...(takes(QUERY) ? [] : membersOf(query)), ...(takes(BODY) ? [] : membersOf(body))];
    if (unknown.length > 0) {
      throw invalidRequest(unknown.map((field) => ({ field, message: 'is not known here' })));
    }
    return true;
  }
}

function membersOf(input: unknown): string[] {
  if (typeof input !== 'object' || input === null) {
    return input === undefined || input === null ? [] : ['body'];
  }
  return Object.keys(input);
}
