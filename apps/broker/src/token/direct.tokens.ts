import { Inject, Injectable } from '@nestjs/common';
import { Authenticator, type Caller } from '@app/callers';
import { Log } from '@app/common';
import { Config } from '@app/config';
import { type TokenRequest, TokenService } from '@app/tokens';
import { originOf } from '../http/origin.decorator.js';
import { sendProblem } from '../http/problem.filter.js';
import type { BrokerReply, BrokerRequest } from '../http/request.js';
import { RequestLimits } from '../limits/request.limits.js';
import { onUndelivered } from './delivery.js';
import { plainRequest } from './plain-request.js';
import { toTokenView } from './token.view.js';

const BEARER = 'Bearer ';

/**
 * The one fast path (ADR 51): a plain GET for a token, by a caller whose API key has proved itself here before, is answered straight from
 * TokenService. The framework's pipeline of the route (guards, pipes, interceptors, filters) would come to the same answer and costs more
 * than everything else together. Whatever is not plain goes through that pipeline, untouched.
 */
@Injectable()
export class DirectTokens {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly limits: RequestLimits,
    private readonly tokens: TokenService,
    @Inject(Config) private readonly config: Pick<Config, 'identityHeader'>,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Answers the request, now or later, and says so; false where it is not plain: nothing of it was looked at then. */
  serve(request: BrokerRequest, reply: BrokerReply): boolean {
    const asked = plainRequest(request.raw);
    const caller = asked && this.#recognize(request);
    if (asked === undefined || caller === undefined || !this.limits.take(caller, reply)) {
      return false;
    }
    request.caller = caller;
    request.route = '/providers/:provider/token';
    void this.#answer(caller, asked, request, reply);
    return true;
  }

  #recognize({ raw: { headers } }: BrokerRequest): Caller | undefined {
    const { authorization } = headers;
    const { identityHeader } = this.config;
    const isPlain = identityHeader === undefined || headers[identityHeader] === undefined;
    return isPlain && authorization?.startsWith(BEARER) === true
      ? this.authenticator.recognize(authorization.slice(BEARER.length))
      : undefined;
  }

  /** Never rejects. */
  async #answer(caller: Caller, asked: TokenRequest, request: BrokerRequest, reply: BrokerReply): Promise<void> {
    const origin = originOf(request);
    try {
      const token = await this.tokens.issue(caller, asked, origin);
      onUndelivered(reply, () => void this.tokens.noteUndelivered(token, origin));
      void reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(toTokenView(token)));
    } catch (error) {
      sendProblem(error, request, reply, this.log);
    }
  }
}
