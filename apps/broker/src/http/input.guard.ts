import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { type FieldError, invalidRequest } from '@app/common';
import { complaintsAbout } from './plain-input.js';
import type { BrokerRequest } from './request.js';

/** Nest's numbers for the kinds of parameters in its route metadata (`RouteParamtypes`). */
const BODY = '3:';
const QUERY = '4:';

/** Methods that mean nothing without a body; where a POST takes one, all of its members may be left out. */
const NEEDS_BODY: ReadonlySet<string> = new Set(['PUT', 'PATCH']);

/**
 * Refuses query parameters and bodies where a route takes none, a body that is no object, and what no route takes anywhere;
 * where a route takes some, its DTO refuses the rest.
 */
@Injectable()
export class InputGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<BrokerRequest>();
    const declared = Object.keys(
      (Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) ?? {}) as object,
    );
    const takes = (kind: string): boolean => declared.some((key) => key.startsWith(kind));
    const complaints = [...queryComplaints(request, takes(QUERY)), ...bodyComplaints(request, takes(BODY))];
    if (complaints.length > 0) {
      throw invalidRequest(complaints);
    }
    return true;
  }
}

const queryComplaints = ({ query }: BrokerRequest, taken: boolean): FieldError[] =>
  taken ? [...complaintsAbout(query), ...sentTwice(query)] : unknownMembers(query);

/** No parameter takes several values. */
const sentTwice = (query: unknown): FieldError[] =>
  Object.entries(Object(query) as object)
    .filter(([, value]) => Array.isArray(value))
    .map(([field]) => ({ field, message: 'must be given once' }));

function bodyComplaints({ method, body }: BrokerRequest, taken: boolean): FieldError[] {
  if (body === undefined) {
    return taken && NEEDS_BODY.has(method) ? [{ field: 'body', message: 'is missing: send a JSON object' }] : [];
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return [{ field: 'body', message: 'must be a JSON object' }];
  }
  return taken ? complaintsAbout(body) : unknownMembers(body);
}

const unknownMembers = (input: unknown): FieldError[] =>
  Object.keys(Object(input) as object).map((field) => ({ field, message: 'is not known here' }));
