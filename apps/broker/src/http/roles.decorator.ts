import type { Role } from '@app/callers';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiForbiddenResponse } from './documented.js';

/** Whom a route is for. */
export interface Access {
  /** It needs no API key. */
  readonly isPublic?: true;
  /** The caller must have one of these; where there are none, any caller may ask. */
  readonly roles?: readonly Role[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Absent where the route is no controller's: the description, and what only says that there is nothing. */
    readonly access?: Access;
  }
}

/** The routes of this controller are for every caller. */
export const ForCallers = (): ClassDecorator => withAccess({});

/** The routes of this controller are for callers that have one of these roles. */
export const Roles =
  (...roles: readonly Role[]): ClassDecorator =>
  (controller) => {
    withAccess({ roles })(controller);
    ApiForbiddenResponse({ description: `\`forbidden\`: The role ${roles.join(' or ')} is missing` })(controller);
  };

/** The routes of this controller need no API key. */
export const Public = (): ClassDecorator => withAccess({ isPublic: true });

/** Has it stand at the routes themselves, where it is known as soon as the router has found one. */
const withAccess =
  (access: Access): ClassDecorator =>
  ({ prototype }) => {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype as object))) {
      if (name !== 'constructor' && typeof property.value === 'function') {
        RouteConfig({ access })(prototype as object, name, property);
      }
    }
  };
