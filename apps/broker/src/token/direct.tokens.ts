import { Inject, Injectable } from '@nestjs/common';
import { Authenticator, type Caller } from '@app/callers';
import { Log } from '@app/common';
import { Config } from '@app/config';
import { type TokenRequest, TokenService } from '@app/tokens';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Draining } from '../health/draining.js';
import { clientIpReader } from '../http/client-ip.js';
import { originOf } from '../http/origin.decorator.js';
import { sendProblem } from '../http/problem.filter.js';
import { requestId } from '../http/request-id.js';
import { whyRefused, whyUnread } from '../http/why-refused.js';
import { Overload } from '../limits/overload.js';
import { RequestLimits } from '../limits/request.limits.js';
import { AnswerTexts } from './answer.texts.js';
import { onUndelivered } from './delivery.js';
import { DirectExchange } from './direct.exchange.js';
import { plainRequest } from './plain-request.js';

const BEARER = 'Bearer ';

/**
 * The one fast path (ADR 51): a plain GET for a token, by a caller whose API key has proved itself here before, is answered straight from
 * TokenService. The framework's pipeline (hooks, guards, pipes, interceptors, filters) would come to the same answer and costs more than
 * everything else together. Whatever is not plain goes through that pipeline, untouched.
 */
@Injectable()
export class DirectTokens {
  readonly #clientIp: (request: IncomingMessage) => string;
  readonly #texts = new AnswerTexts();

  constructor(
    private readonly authenticator: Authenticator,
    private readonly limits: RequestLimits,
    private readonly tokens: TokenService,
    private readonly draining: Draining,
    private readonly overload: Overload,
    @Inject(Config) private readonly config: Pick<Config, 'identityHeader' | 'trustedProxies'>,
    @Inject(Log) private readonly log: Log,
  ) {
    this.#clientIp = clientIpReader(config.trustedProxies);
  }

  /** Answers the request, now or later, and says so; false where it is not plain: nothing came of it then. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const asked = this.draining.isOn || this.overload.isOn ? undefined : plainRequest(request);
    const caller = asked && this.#recognize(request);
    if (asked === undefined || caller === undefined || (whyRefused(request) ?? whyUnread(request)) !== undefined) {
      return false;
    }
    const exchange = new DirectExchange(requestId(request), this.#clientIp(request), response);
    if (!this.limits.take(caller, exchange)) {
      return false;
    }
    exchange.caller = caller;
    this.draining.enter();
    exchange.onEnd(() => this.draining.leave());
    void this.#answer(caller, asked, exchange);
    return true;
  }

  #recognize({ headers }: IncomingMessage): Caller | undefined {
    const { authorization } = headers;
    const { identityHeader } = this.config;
    const isPlain = identityHeader === undefined || headers[identityHeader] === undefined;
    return isPlain && authorization?.startsWith(BEARER) === true
      ? this.authenticator.recognize(authorization.slice(BEARER.length))
      : undefined;
  }

  /** Never rejects. */
  async #answer(caller: Caller, asked: TokenRequest, exchange: DirectExchange): Promise<void> {
    const origin = originOf(exchange);
    try {
      const token = await this.tokens.issue(caller, asked, origin);
      onUndelivered(exchange, () => void this.tokens.noteUndelivered(token, origin));
      exchange.type('application/json').send(this.#texts.of(token));
    } catch (error) {
      sendProblem(error, exchange, exchange, this.log);
    }
  }
}
