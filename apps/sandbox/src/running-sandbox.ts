import type { Server } from 'node:http';
import { requireAnswer } from './contract/contract.js';
import { credentialFacts } from './credentials/credential-facts.js';
import type { Behaviour, Credential, CredentialPart, IssueOptions } from './credentials/credential.js';
import type { Fault } from './faults/fault.js';
import { addressOf, stopListening } from './http/listen.js';
import type { RequestFilter } from './request.log.js';
import type { Rooms } from './rooms.js';
import type { Sandbox } from './sandbox.js';

/** The sandbox behind both faces: the control API calls the same methods as a test in the same process. */
export class RunningSandbox implements Sandbox {
  /** `end` is called once no request is left. */
  constructor(
    private readonly rooms: Rooms,
    private readonly server: Server,
    private readonly host: string,
    private readonly end: () => void,
  ) {}

  get url(): string {
    return addressOf(this.server, this.host);
  }

  get providers(): readonly string[] {
    return [...this.rooms.contracts.keys()];
  }

  async close(): Promise<void> {
    this.rooms.stop();
    await stopListening(this.server);
    this.end();
  }

  issue(provider: string, options: IssueOptions = {}, origin = this.url) {
    return this.rooms.issuer.issue(provider, options, `${origin}/${provider}`);
  }

  credential(id: string) {
    return this.#facts(this.rooms.store.require(id));
  }

  credentials() {
    return this.rooms.store.index.all().map((each) => this.#facts(each));
  }

  update(id: string, behaviour: Behaviour): void {
    this.rooms.store.update(id, behaviour);
  }

  expire(id: string, part: Exclude<CredentialPart, 'keys'> = 'all'): void {
    this.rooms.store.expire(id, part);
  }

  revoke(id: string, part: CredentialPart = 'all'): void {
    this.rooms.store.revoke(id, part);
  }

  lookup(token: string) {
    return this.rooms.store.lookup(token);
  }

  requests(filter: RequestFilter = {}) {
    return this.rooms.log.list(filter);
  }

  clearRequests(): void {
    this.rooms.log.clear();
  }

  fault(provider: string, fault: Fault, count = 1): void {
    const contract = this.rooms.store.requireContract(provider);
    if (fault.kind === 'answer') {
      requireAnswer(contract, fault.id);
    }
    this.rooms.faults.add(provider, fault, count);
  }

  faults() {
    return this.rooms.faults.list();
  }

  clearFaults(provider?: string): void {
    this.rooms.faults.clear(provider);
  }

  reset(): void {
    this.rooms.store.clear();
    this.rooms.log.clear();
    this.rooms.faults.clear();
  }

  #facts(credential: Credential) {
    return credentialFacts(credential, (token) => this.rooms.store.isLive(token));
  }
}
