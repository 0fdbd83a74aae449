import type { ServerResponse } from 'node:http';
import { losslessParse, losslessStringify } from '../contract/lossless.js';
import { type Answer, type Contract, requireAnswer } from '../contract/contract.js';
import type { Processed } from '../exchange/process.js';
import { fillJson } from '../exchange/template.js';
import { hangUp, send, sendFlood, sendHalf, type WireAnswer } from '../http/send.js';
import { deletePath, setPath } from './paths.js';
import type {
  CloseFault,
  Fault,
  FloodFault,
  ModifyFault,
  RateLimitedFault,
  RedirectFault,
  RespondFault,
} from './fault.js';

/** All that playing a fault needs. */
export interface Stage {
  readonly response: ServerResponse;
  readonly contract: Contract;
  /** Decides the request; what it changes has changed when it returns. */
  readonly process: () => Processed;
  /** Rejects when the sandbox closes. */
  readonly wait: (ms: number) => Promise<void>;
}

/** What was sent: null where no status was. `answer` is the id of the documented answer, where one was. */
export interface Played {
  readonly status: number | null;
  readonly answer: string | null;
}

const sent = (status: number | null, answer: string | null = null): Played => ({ status, answer });

const lowerCase = (headers: WireAnswer['headers'] = {}): WireAnswer['headers'] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** Answers a request as the fault says; without one, as documented. */
export async function play(fault: Fault | undefined, stage: Stage): Promise<Played> {
  await stage.wait(fault?.delay_ms ?? 0);
  switch (fault?.kind) {
    case undefined:
      return sendAnswer(stage, stage.process().answer);
    case 'delay':
      await stage.wait(fault.ms);
      return sendAnswer(stage, stage.process().answer);
    case 'delay_answer':
      return delayAnswer(stage, fault.ms);
    case 'stall':
      return stall(stage, fault.ms);
    case 'truncate':
      return truncate(stage);
    case 'modify':
      return modify(stage, fault);
    case 'respond':
      return respond(stage, fault);
    case 'answer':
      return sendAnswer(stage, requireAnswer(stage.contract, fault.id));
    case 'flood':
      return flood(stage, fault);
    case 'close_before':
    case 'close_after':
      return close(stage, fault);
    case 'rate_limited':
      return rateLimited(stage, fault);
    case 'redirect':
      return redirect(stage, fault);
  }
}

function sendAnswer({ response }: Stage, answer: Answer): Played {
  send(response, answer);
  return sent(answer.status, answer.id);
}

async function delayAnswer(stage: Stage, ms: number): Promise<Played> {
  const { answer } = stage.process();
  await stage.wait(ms);
  return sendAnswer(stage, answer);
}

async function stall(stage: Stage, ms: number): Promise<Played> {
  const { answer } = stage.process();
  const rest = await sendHalf(stage.response, answer);
  await stage.wait(ms);
  stage.response.end(rest);
  return sent(answer.status, answer.id);
}

async function truncate(stage: Stage): Promise<Played> {
  const { answer } = stage.process();
  await sendHalf(stage.response, answer);
  hangUp(stage.response);
  return sent(answer.status, answer.id);
}

function modify(stage: Stage, fault: ModifyFault): Played {
  const { answer, values } = stage.process();
  if (answer.id !== 'success') {
    return sendAnswer(stage, answer);
  }
  const body = fault.body === undefined ? modifyJson(answer.body, fault) : fillJson(fault.body, values);
  const changed: WireAnswer = {
    status: fault.status ?? answer.status,
    headers: { ...answer.headers, ...lowerCase(fault.headers) },
    body,
  };
  send(stage.response, changed);
  return sent(changed.status, answer.id);
}

function modifyJson(text: string, fault: ModifyFault): string {
  const body = losslessParse(text);
  Object.entries(fault.set ?? {}).forEach(([path, value]) => setPath(body, path, value));
  fault.delete?.forEach((path) => deletePath(body, path));
  return losslessStringify(body);
}

function respond(stage: Stage, fault: RespondFault): Played {
  const answer = fault.processed ? stage.process().answer.id : null;
  send(stage.response, { status: fault.status, headers: lowerCase(fault.headers), body: fault.body ?? '' });
  return sent(fault.status, answer);
}

async function flood(stage: Stage, fault: FloodFault): Promise<Played> {
  const answer = fault.processed ? stage.process().answer.id : null;
  await sendFlood(stage.response, fault.bytes, fault.chunked ?? false);
  return sent(200, answer);
}

function close(stage: Stage, fault: CloseFault): Played {
  const answer = fault.kind === 'close_after' ? stage.process().answer.id : null;
  hangUp(stage.response, fault.reset);
  return sent(null, answer);
}

function rateLimited({ response, contract }: Stage, fault: RateLimitedFault): Played {
  const known = contract.answers.get('rate_limited');
  const headers = new Map(Object.entries(lowerCase(known?.headers)));
  headers.delete('retry-after');
  if (fault.retry_after !== undefined) {
    headers.set('retry-after', String(fault.retry_after));
  }
  send(response, { status: 429, headers: Object.fromEntries(headers), body: known?.body ?? '' });
  return sent(429, known?.id);
}

function redirect({ response, contract }: Stage, fault: RedirectFault): Played {
  const location = fault.location ?? `/${contract.provider}/elsewhere`;
  const status = fault.status ?? 302;
  send(response, { status, headers: { location }, body: '' });
  return sent(status);
}
