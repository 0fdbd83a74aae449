import { type CustomDecorator, SetMetadata } from '@nestjs/common';
import type { Role } from '@app/callers';

export const ROLES_KEY = 'claviger:roles';
export const PUBLIC_KEY = 'claviger:public';

/** The route is for callers that have one of these roles. */
export const Roles = (...roles: readonly Role[]): CustomDecorator => SetMetadata(ROLES_KEY, roles);

/** The route needs no API key. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC_KEY, true);
