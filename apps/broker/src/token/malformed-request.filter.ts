import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import { type AuditEvent, AuditLog } from '@app/audit';
import { isBrokerError, Log, NAME_PATTERN } from '@app/common';
import { originOf } from '../http/origin.decorator.js';
import { sendProblem } from '../http/problem.filter.js';
import type { BrokerReply, BrokerRequest } from '../http/request.js';

/**
 * A request for a token that is refused because it is malformed is recorded as every other one that is refused, of which
 * TokenService takes care. Who cannot be told so because the log is away is told that.
 */
@Catch()
export class MalformedRequestFilter implements ExceptionFilter {
  constructor(
    private readonly audit: AuditLog,
    @Inject(Log) private readonly log: Log,
  ) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    const request = http.getRequest<BrokerRequest>();
    const malformed = isBrokerError(error) && error.code === 'invalid_request' && request.caller !== undefined;
    const unrecorded = malformed ? await this.#record(request) : undefined;
    sendProblem(unrecorded ?? error, request, http.getResponse<BrokerReply>(), this.log);
  }

  /** Resolves with why it could not be recorded, if so. */
  #record(request: BrokerRequest): Promise<unknown> {
    return this.audit.append(refusalOf(request)).then(
      () => undefined,
      (unrecorded: unknown) => unrecorded,
    );
  }
}

const refusalOf = (request: BrokerRequest): AuditEvent => ({
  action: 'token.refused',
  outcome: 'refused',
  reason: 'invalid_request',
  provider: nameIn(request.params, 'provider'),
  connection: nameIn(request.method === 'GET' ? request.query : request.body, 'connection'),
  ...originOf(request),
});

/** Only what is a name: what else was sent is nobody's. */
function nameIn(input: unknown, field: string): string | null {
  const value =
    typeof input === 'object' && input !== null ? (input as Readonly<Record<string, unknown>>)[field] : null;
  return typeof value === 'string' && NAME_PATTERN.test(value) ? value : null;
}
