import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Admission } from './admission.js';
import type { BrokerReply, BrokerRequest } from './request.js';

/** Nothing reaches a controller that was not admitted: most requests were before their body was read (installAdmission). */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(private readonly admission: Admission) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    await this.admission.admit(http.getRequest<BrokerRequest>(), http.getResponse<BrokerReply>());
    return true;
  }
}
