import { Injectable } from '@nestjs/common';
import { Authenticator, type Caller } from '@app/callers';
import { IdentityHeader } from './identity.header.js';
import type { BrokerRequest } from './request.js';

const BEARER = /^Bearer +(\S+)$/i;

/** Who sent a request: by its API key or token, or by the certificate that a trusted proxy verified. */
@Injectable()
export class RequestCaller {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly identityHeader: IdentityHeader,
  ) {}

  /** A certificate counts where no key is shown: a proxy adds it to every request that it passes on. @throws AuthenticationError */
  async of(request: BrokerRequest): Promise<Caller> {
    const subject = this.identityHeader.subjectOf(request);
    const { authorization } = request.headers;
    if (subject !== undefined && authorization === undefined) {
      return this.authenticator.authenticateCertificate(subject);
    }
    const [, bearer] = BEARER.exec(authorization ?? '') ?? [];
    return this.authenticator.authenticate(bearer);
  }
}
