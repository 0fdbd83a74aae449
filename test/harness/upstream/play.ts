import type { Fault } from './contract.js';
import type { Gate } from './gate.js';
import type { Answer } from './oauth.client.js';
import type { Processor } from './processor.js';
import type { Stage } from './stage.js';

const DEFAULT_MS = 1000;

const wait = (ms = DEFAULT_MS): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

const json = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(JSON.stringify(body)),
});

/** Does to a request what a fault says; `contract.ts` tells what each kind is. */
export class Play {
  constructor(
    private readonly processor: Processor,
    private readonly gate: Gate,
  ) {}

  async run(fault: Fault | undefined, stage: Stage): Promise<void> {
    switch (fault?.kind) {
      case 'black_hole':
        return undefined;
      case 'cut_before':
        return stage.cut();
      case 'unprocessed_503':
        return stage.answer(json(503, { error: 'temporarily_unavailable' }));
      case 'rate_limited':
        return stage.answer(json(429, { error: 'slow_down' }, { 'retry-after': String(fault.retryAfter ?? 1) }));
      case 'invalid_client':
        return stage.answer(json(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="upstream"' }));
      case 'late':
        stage.cut();
        await wait(fault.ms);
        return void (await this.processor.process(stage));
      case 'hold_before':
        await this.gate.wait(stage.entry.id, stage.grantId, 'hold_before');
        return stage.answer(await this.processor.process(stage));
      default:
        return this.#afterProcessing(fault, stage, await this.processor.process(stage));
    }
  }

  async #afterProcessing(fault: Fault | undefined, stage: Stage, answer: Answer): Promise<void> {
    switch (fault?.kind) {
      case 'lost':
        return stage.cut();
      case 'truncated':
        return stage.answerHalf(answer);
      case 'bad_gateway':
        return stage.answer({ status: 502, headers: { 'content-type': 'text/html' }, body: BAD_GATEWAY }, true);
      case 'slow':
        await wait(fault.ms);
        return stage.answer(answer);
      case 'hold':
        await this.gate.wait(stage.entry.id, stage.grantId, 'hold');
        return stage.answer(answer);
      case 'nonsense_expiry':
        return stage.answer(changed(answer, { expires_in: fault.value }));
      case 'unusable':
        return stage.answer(changed(answer, { access_token: undefined }));
      default:
        return stage.answer(answer);
    }
  }
}

const BAD_GATEWAY = Buffer.from('<html><body><h1>502 Bad Gateway</h1></body></html>');

function changed(answer: Answer, fields: Readonly<Record<string, unknown>>): Answer {
  if (answer.status !== 200) {
    return answer;
  }
  const body = JSON.parse(answer.body.toString('utf8')) as Record<string, unknown>;
  return { ...answer, body: Buffer.from(JSON.stringify({ ...body, ...fields })) };
}
