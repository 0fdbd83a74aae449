import { invalidRequest } from '@app/common';
import { losslessStringify } from './lossless.js';
import type {
  AnswersFile,
  BootstrapSpec,
  DocumentedAnswer,
  RequestSpec,
  Rule,
  SandboxSpec,
  SampleSpec,
  Step,
  SuccessAnswer,
} from './answers-file.js';

/** An answer ready to be sent: `body` is its text, for a success still with placeholders. */
export interface Answer {
  /** `success`, or the id of a documented answer. */
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One call that a provider serves. */
export interface Exchange {
  readonly step: Step;
  readonly method: string;
  /** Every path it is served at, below the provider's own. */
  readonly paths: readonly string[];
  readonly request: RequestSpec;
  readonly success: Answer;
  readonly rules: readonly Rule[];
}

/** All that one provider documents, ready for serving. */
export interface Contract {
  readonly provider: string;
  /** The broker's type that it is configured with. */
  readonly type: string;
  readonly title: string;
  readonly exchanges: readonly Exchange[];
  /** Every documented answer by id, of all exchanges. */
  readonly answers: ReadonlyMap<string, Answer>;
  readonly sample: SampleSpec;
  readonly sandbox: SandboxSpec;
}

type Call = RequestSpec & Pick<BootstrapSpec, 'method' | 'path' | 'success' | 'mock_rules'>;

const textOf = (body: unknown): string => (typeof body === 'string' ? body : losslessStringify(body));

const documented = ({ id, status, content_type, headers, body }: DocumentedAnswer): Answer => ({
  id,
  status,
  headers: { ...headers, 'content-type': content_type },
  body: textOf(body),
});

const granted = ({ status, content_type = 'application/json', body }: SuccessAnswer): Answer => ({
  id: 'success',
  status,
  headers: { 'content-type': content_type },
  body: textOf(body),
});

/**
 * A documented answer by its id.
 * @throws BrokerError `invalid_request` that names those there are
 */
export function requireAnswer({ provider, answers }: Contract, id: string): Answer {
  const answer = answers.get(id);
  if (!answer) {
    const known = [...answers.keys()].join(', ');
    throw invalidRequest([{ field: 'id', message: `is no documented answer of ${provider}; it has ${known}` }]);
  }
  return answer;
}

/** A checked answers file in the shape that requests are served from. */
export function toContract(file: AnswersFile): Contract {
  const { sandbox, errors, bootstrap } = file;
  const exchange = (step: Step, call: Call): Exchange => ({
    step,
    method: call.method,
    paths: sandbox.prefixes.map((prefix) => prefix + call.path),
    request: call,
    success: granted(call.success),
    rules: call.mock_rules,
  });
  const refresh: Call = { ...file.request, success: file.success, mock_rules: file.mock_rules };
  const answers = [errors, ...bootstrap.map((call) => call.errors)].flat().map(documented);
  return {
    provider: file.provider,
    type: file.type ?? file.provider,
    title: file.title,
    exchanges: [exchange('refresh', refresh), ...bootstrap.map((call) => exchange('relogin', call))],
    answers: new Map(answers.map((answer) => [answer.id, answer])),
    sample: file.sample,
    sandbox,
  };
}
