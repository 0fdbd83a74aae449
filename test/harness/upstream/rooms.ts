import { Clients } from './clients.js';
import type { IssuedGrant, IssueOptions, UpstreamKind } from './contract.js';
import { FaultBoard } from './fault.board.js';
import { FrontDoor } from './front-door.js';
import { Gate } from './gate.js';
import { Ledger } from './ledger.js';
import { OAuthClient } from './oauth.client.js';
import { OAuthServer } from './oauth-server.js';
import { Play } from './play.js';
import { Processor } from './processor.js';

const ACCESS_TOKEN_SECONDS = 3600;

/** An upstream, put together. */
export class UpstreamRooms {
  readonly faults = new FaultBoard();
  readonly gate = new Gate();
  readonly ledger: Ledger = new Ledger(() => this.#server.store);
  readonly #server = new OAuthServer({
    accessTokenSeconds: (grantId) => this.ledger.grant(grantId).accessTokenSeconds,
    graceMs: (grantId) => this.ledger.grant(grantId).client.graceSeconds * 1000,
    onRevoked: (grantId, request) => this.ledger.revoked(grantId, request),
  });
  readonly #clients = new Clients((client) => this.#server.register(client));
  #url = '';

  /** Opens the front door; returns its address. */
  async open(): Promise<string> {
    const client = new OAuthClient(await this.#server.listen());
    const processor = new Processor(this.ledger, this.#server.store, client);
    const play = new Play(processor, this.gate);
    const { faults, ledger } = this;
    this.#url = await new FrontDoor({ clients: this.#clients, faults, ledger, play }).listen();
    return this.#url;
  }

  async issue(options: IssueOptions & { kind: UpstreamKind; count: number }): Promise<readonly IssuedGrant[]> {
    const grants: IssuedGrant[] = [];
    for (let made = 0; made < options.count; made += 1) {
      grants.push(await this.#issueOne(options));
    }
    return grants;
  }

  revoke(grantId: string): void {
    this.ledger.revoked(grantId, 0);
    this.#server.store.revoke(grantId);
  }

  accepts = (accessToken: string): Promise<boolean> => this.#server.accepts(accessToken);

  async #issueOne({
    kind,
    accessTokenSeconds = ACCESS_TOKEN_SECONDS,
    ...options
  }: IssueOptions & { kind: UpstreamKind }) {
    const client = this.#clients.of(kind, options);
    const { grantId, refreshToken, accessToken } = await this.#server.grant(client, (id) =>
      this.ledger.open(id, client, accessTokenSeconds),
    );
    this.ledger.issued(grantId, refreshToken);
    const { clientId, clientSecret, graceSeconds, introspection } = client;
    return {
      kind,
      grantId,
      clientId,
      clientSecret,
      refreshToken,
      accessToken,
      accessTokenExpiresAt: new Date(Date.now() + accessTokenSeconds * 1000).toISOString(),
      graceSeconds,
      tokenUrl: `${this.#url}/token`,
      introspectionUrl: introspection ? `${this.#url}/token/introspection` : undefined,
    };
  }
}
