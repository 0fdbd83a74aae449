import { AuthenticationError } from '@app/callers';
import { Networks } from '@app/common';
import { Config } from '@app/config';
import { Inject, Injectable } from '@nestjs/common';
import { subjectOfClientCert } from './client-certificate.js';
import type { BrokerRequest } from './request.js';

/** The header in Envoy's form; what any other one holds is the subject itself. */
const ENVOY = 'x-forwarded-client-cert';

/** The header in which a proxy tells whose certificate it verified. It is believed from trusted proxies, and from nobody else. */
@Injectable()
export class IdentityHeader {
  readonly #name: string | undefined;
  readonly #proxies: Networks;

  constructor(@Inject(Config) { identityHeader, trustedProxies }: Pick<Config, 'identityHeader' | 'trustedProxies'>) {
    this.#name = identityHeader;
    this.#proxies = new Networks(trustedProxies);
  }

  /**
   * The subject of the client's certificate, undefined where the request has no such header. Throws an AuthenticationError where
   * it comes from anybody but a trusted proxy, is there twice, or names no one subject.
   */
  subjectOf({ raw, socket }: Pick<BrokerRequest, 'raw' | 'socket'>): string | undefined {
    const values = this.#name === undefined ? undefined : raw.headersDistinct[this.#name];
    if (values === undefined) {
      return undefined;
    }
    if (!this.#proxies.includes(socket.remoteAddress)) {
      throw new AuthenticationError('untrusted_proxy');
    }
    const [value = '', ...others] = values;
    const subject = this.#name === ENVOY ? subjectOfClientCert(value) : value;
    if (others.length > 0 || subject === undefined) {
      throw new AuthenticationError('malformed_identity');
    }
    return subject;
  }
}
