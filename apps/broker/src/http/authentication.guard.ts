import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuditLog } from '@app/audit';
import { AuthenticationError, FailedAuthentications, requireRole, type Role } from '@app/callers';
import { RequestLimits } from '../limits/request.limits.js';
import { originOf } from './origin.decorator.js';
import type { BrokerReply, BrokerRequest } from './request.js';
import { RequestCaller } from './request.caller.js';
import { PUBLIC_KEY, ROLES_KEY } from './roles.decorator.js';

/** Proves who asks, and that they have a role that the route needs. What they may have tokens for is decided elsewhere. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly callers: RequestCaller,
    private readonly failures: FailedAuthentications,
    private readonly audit: AuditLog,
    private readonly reflector: Reflector,
    private readonly limits: RequestLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_KEY, targets) === true) {
      return true;
    }
    const request = context.switchToHttp().getRequest<BrokerRequest>();
    const reply = context.switchToHttp().getResponse<BrokerReply>();
    await this.limits.admit(request, reply, () => this.#authenticate(request));
    const roles = this.reflector.getAllAndOverride<readonly Role[] | undefined>(ROLES_KEY, targets);
    if (roles !== undefined) {
      await this.#requireRole(request, roles);
    }
    return true;
  }

  async #authenticate(request: BrokerRequest): Promise<void> {
    try {
      request.caller = await this.callers.of(request);
    } catch (error) {
      if (error instanceof AuthenticationError) {
        await this.failures.record({ clientIp: request.ip, requestId: request.id, reason: error.reason });
      }
      throw error;
    }
  }

  async #requireRole(request: BrokerRequest, roles: readonly Role[]): Promise<void> {
    const { caller } = request;
    try {
      requireRole(caller ?? NOBODY, ...roles);
    } catch (error) {
      const reason = `role_missing:${roles.join('|')}`;
      await this.audit.append({ action: 'authorization.refused', outcome: 'refused', reason, ...originOf(request) });
      throw error;
    }
  }
}

const NOBODY = { name: '', keyId: '', roles: [], rules: [] } as const;
