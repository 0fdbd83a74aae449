export type {
  Behaviour,
  CredentialFacts,
  CredentialPart,
  IssuedCredential,
  IssueOptions,
  TokenFacts,
} from './credentials/credential.js';
export type { AnswersFile, DocumentedAnswer, Step } from './contract/answers-file.js';
export type { Fault } from './faults/fault.js';
export type { QueuedFault } from './faults/fault.queue.js';
export type { RequestFilter, RequestRecord } from './request.log.js';
export { loadAnswers } from './contract/load-answers.js';
export type { Sandbox, SandboxOptions } from './sandbox.js';
export { startSandbox } from './start-sandbox.js';
