import { randomBytes } from 'node:crypto';
import type { ClientOptions, UpstreamKind } from './contract.js';

const GRACE_SECONDS = 10;

/** A registered client. */
export interface ClientFacts {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly kind: UpstreamKind;
  /** 0 but for `grace`. */
  readonly graceSeconds: number;
  readonly introspection: boolean;
}

/** The clients of an upstream: equal options are one client. */
export class Clients {
  readonly #byId = new Map<string, ClientFacts>();

  constructor(private readonly onNew: (client: ClientFacts) => void) {}

  /** @throws Error where a client of this name has other options. */
  of(kind: UpstreamKind, options: ClientOptions): ClientFacts {
    const graceSeconds = kind === 'grace' ? (options.graceSeconds ?? GRACE_SECONDS) : 0;
    const introspection = options.introspection ?? false;
    const words = [kind, ...(graceSeconds ? [`${graceSeconds}s`] : []), ...(introspection ? ['introspection'] : [])];
    const clientId = options.client ?? words.join('-');
    const known = this.#byId.get(clientId);
    if (known === undefined) {
      return this.#register({
        clientId,
        clientSecret: randomBytes(16).toString('hex'),
        kind,
        graceSeconds,
        introspection,
      });
    }
    if (known.kind !== kind || known.graceSeconds !== graceSeconds || known.introspection !== introspection) {
      throw new Error(`The client ${clientId} has other options: give this one another name.`);
    }
    return known;
  }

  find = (clientId: string | null): ClientFacts | undefined => this.#byId.get(clientId ?? '');

  #register(client: ClientFacts): ClientFacts {
    this.#byId.set(client.clientId, client);
    this.onNew(client);
    return client;
  }
}
