/** The part of `oidc-provider` that the harness uses: the package brings no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Stored {
    save(): Promise<string>;
  }

  interface Grant extends Stored {
    addOIDCScope(scope: string): void;
  }

  type New<Model> = new (payload: Readonly<Record<string, unknown>>) => Model;

  export interface Client {
    readonly clientId: string;
  }

  /** A request under way. */
  export interface Context {
    readonly req: IncomingMessage;
    readonly oidc: { readonly route: string };
  }

  export class Provider {
    static readonly ctx: Context | undefined;

    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Grant: New<Grant>;
    readonly RefreshToken: New<Stored>;
    readonly AccessToken: New<Stored> & { find(token: string): Promise<{ readonly isValid: boolean } | undefined> };
    readonly Client: { find(id: string): Promise<Client | undefined> };
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    on(event: 'grant.revoked', listener: (context: Context, grantId: string) => void): this;
    on(event: 'server_error', listener: (context: Context, error: Error) => void): this;
  }
}
