import { AuditLog } from '@app/audit';
import { AuthenticationError, FailedAuthentications, requireRole, type Role } from '@app/callers';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { RequestLimits } from '../limits/request.limits.js';
import { originOf } from './origin.decorator.js';
import type { BrokerReply, BrokerRequest } from './request.js';
import { RequestCaller } from './request.caller.js';
import { whyUnread } from './why-refused.js';

/** Proves who asks, takes one of their requests, and has them have a role that the route needs. */
@Injectable()
export class Admission {
  constructor(
    private readonly callers: RequestCaller,
    private readonly failures: FailedAuthentications,
    private readonly audit: AuditLog,
    private readonly limits: RequestLimits,
  ) {}

  /**
   * Admits a request once, however often it is asked to, and leaves its caller at it. Public routes admit everybody. What they may
   * have tokens for is decided elsewhere. @throws BrokerError `unauthenticated`, `rate_limited` or `forbidden`, in this order.
   */
  async admit(request: BrokerRequest, reply: BrokerReply): Promise<void> {
    const { isPublic, roles } = request.routeOptions.config.access ?? {};
    if (isPublic === true || request.caller !== undefined) {
      return;
    }
    await this.limits.admit(request, reply, () => this.#authenticate(request));
    if (roles !== undefined) {
      await this.#requireRole(request, roles);
    }
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

/**
 * Admits requests to controllers before anything of their body is read: whoever shows no valid key, or asks too much, is told so
 * whatever they sent, and cannot have it read or parsed. A route that does not say whom it is for is left to AuthenticationGuard, which
 * asks the same of every controller, but after the body. Call it behind the edge, whose refusals cost less and go before.
 */
export function installAdmission(instance: FastifyInstance, admission: Admission): void {
  instance.addHook('onRequest', async (request: BrokerRequest, reply) => {
    const isController = request.routeOptions.config.access !== undefined;
    try {
      await (isController && admission.admit(request, reply));
    } catch (error) {
      if (!isShort(request)) {
        // Node reads what is left of a body before the next request of the connection; nobody need be waited for so long.
        void reply.header('connection', 'close');
      }
      throw error;
    }
    requireReadable(request, reply);
  });
}

/** Whether the rest of it is as little as any body may be, and known to be. */
const isShort = ({ headers, routeOptions }: BrokerRequest): boolean =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= routeOptions.bodyLimit;

/** @throws BrokerError `unsupported_media_type` for a body that would have to be unpacked */
function requireReadable({ raw }: BrokerRequest, reply: BrokerReply): void {
  const refusal = whyUnread(raw);
  if (refusal !== undefined) {
    // RFC 9110, 12.5.3: says that it was the coding, and which one will do.
    void reply.header('accept-encoding', 'identity').header('connection', 'close');
    throw refusal;
  }
}
