import { BrokerError, invalidRequest } from '@app/common';
import type { Contract } from '../contract/contract.js';
import type { Behaviour, Credential, CredentialPart, IssuedToken, TokenFacts } from './credential.js';
import { CredentialIndex } from './credential.index.js';
import { mint } from './mint.js';
import { acceptedUntil } from './rotation.js';
import type { SharedSecrets } from './shared-secrets.js';
import type { SigningKeys } from './signing-keys.js';

/** From so many tokens of a kind on, each new one displaces a dead one; what is forgotten is answered as what is dead. */
const DEAD_KEPT = 64;
/** From so many on, the oldest goes though it lives: an account that is asked without end must not fill the memory. */
const MOST_KEPT = 1024;

/** What an exchange is given: which tokens it issues, and for what. */
export interface GrantRequest {
  readonly kinds: readonly string[];
  /** The lifetime in seconds that the client asked for. */
  readonly requestedTtl?: number | undefined;
  /** The refresh token that was shown. */
  readonly consumed?: IssuedToken | undefined;
}

/** What an exchange issues: new tokens by kind, and the lifetimes of access and refresh token in seconds. */
export interface Grant {
  readonly tokens: Readonly<Record<string, string>>;
  readonly ttl: number;
  /** Null where refresh tokens live for ever. */
  readonly refreshTtl: number | null;
}

/** The credentials of all providers: issuing, ageing and ending of their tokens. */
export class CredentialStore {
  readonly index = new CredentialIndex();

  constructor(
    private readonly contracts: ReadonlyMap<string, Contract>,
    readonly keys: SigningKeys,
    readonly secrets: SharedSecrets,
    private readonly now: () => number,
    private readonly changed: () => void,
  ) {}

  /** @throws BrokerError `not_found` that names the providers there are. */
  requireContract(provider: string): Contract {
    const contract = this.contracts.get(provider);
    if (!contract) {
      const known = [...this.contracts.keys()].join(', ');
      throw new BrokerError('not_found', `The sandbox has no provider "${provider}". It answers as: ${known}.`);
    }
    return contract;
  }

  /** @throws BrokerError `not_found` */
  require(id: string): Credential {
    const credential = this.index.find(id);
    if (!credential) {
      throw new BrokerError('not_found', `The sandbox has issued no credential "${id}". Issue one first.`);
    }
    return credential;
  }

  add(credential: Credential): void {
    this.index.add(credential);
    this.changed();
  }

  /** Issues tokens, and does to the earlier ones what the provider does to them. */
  grant(credential: Credential, { kinds, requestedTtl, consumed }: GrantRequest): Grant {
    const { sandbox } = this.requireContract(credential.provider);
    const dying = credential.behaviour.old_token_dies ?? sandbox.old_token_dies ?? false;
    const dyingKinds = typeof dying === 'object' ? dying : dying ? kinds : [];
    credential.tokens.filter(({ kind }) => dyingKinds.includes(kind)).forEach((token) => (token.revoked = true));
    if (consumed && kinds.includes(consumed.kind)) {
      consumed.usedUntil ??= acceptedUntil(sandbox, credential.behaviour, this.now());
    }
    const tokens = Object.fromEntries(kinds.map((kind) => [kind, this.issueToken(credential, kind, requestedTtl)]));
    this.changed();
    return {
      tokens,
      ttl: this.#ttlOf(credential, 'access', requestedTtl) ?? 0,
      refreshTtl: this.#ttlOf(credential, 'refresh', undefined),
    };
  }

  /** One token; with `value` it is that one instead of a minted one. */
  issueToken(credential: Credential, kind: string, requestedTtl?: number, value?: string): string {
    const spec = this.requireContract(credential.provider).sandbox.tokens[kind];
    if (!spec) {
      throw new Error(`answers/${credential.provider}.json: sandbox.tokens has no "${kind}".`);
    }
    const ttl = this.#ttlOf(credential, kind, requestedTtl);
    const iat = Math.floor(this.now() / 1000);
    const exp = ttl === null ? null : iat + ttl;
    const token: IssuedToken = {
      kind,
      value: value ?? mint(spec, { sub: credential.id, iat, exp }, this.keys),
      expiresAt: exp === null ? null : exp * 1000,
      revoked: false,
    };
    this.#remember(credential, token);
    return token.value;
  }

  isExpired(token: IssuedToken, at: number = this.now()): boolean {
    return token.expiresAt !== null && token.expiresAt <= at;
  }

  /** Whether it was consumed, and any grace is over. */
  isUsed({ usedUntil }: IssuedToken, at: number = this.now()): boolean {
    return usedUntil !== undefined && usedUntil <= at;
  }

  isLive(token: IssuedToken, at: number = this.now()): boolean {
    return !token.revoked && !this.isExpired(token, at) && !this.isUsed(token, at);
  }

  update(id: string, behaviour: Behaviour): void {
    const credential = this.require(id);
    credential.behaviour = { ...credential.behaviour, ...behaviour };
    this.changed();
  }

  expire(id: string, part: CredentialPart): void {
    const now = this.now();
    for (const token of this.#tokensOf(id, part)) {
      token.expiresAt = Math.min(token.expiresAt ?? now, now);
    }
    this.changed();
  }

  revoke(id: string, part: CredentialPart): void {
    const credential = this.require(id);
    if (part === 'keys' || part === 'all') {
      credential.keysRevoked = true;
    }
    if (part !== 'keys') {
      this.#tokensOf(id, part).forEach((token) => (token.revoked = true));
    }
    this.changed();
  }

  /** Every token of a credential ends, now; its keys and passwords do not. */
  revokeTokens(credential: Credential): void {
    credential.tokens.forEach((token) => (token.revoked = true));
    this.changed();
  }

  lookup(value: string): TokenFacts | undefined {
    const holding = this.index.findToken(value);
    if (!holding) {
      return undefined;
    }
    const { credential, token } = holding;
    return {
      provider: credential.provider,
      credential: credential.id,
      kind: token.kind,
      live: this.isLive(token),
      expires_at: token.expiresAt === null ? null : new Date(token.expiresAt).toISOString(),
    };
  }

  clear(): void {
    this.index.clear();
    this.changed();
  }

  #remember(credential: Credential, token: IssuedToken): void {
    const ofKind = credential.tokens.filter(({ kind }) => kind === token.kind);
    const now = this.now();
    const dead = ofKind.length >= DEAD_KEPT ? ofKind.find((each) => !this.isLive(each, now)) : undefined;
    const leaving = dead ?? (ofKind.length >= MOST_KEPT ? ofKind[0] : undefined);
    if (leaving) {
      credential.tokens.splice(credential.tokens.indexOf(leaving), 1);
      this.index.removeToken(leaving);
    }
    credential.tokens.push(token);
    this.index.addToken(credential, token);
  }

  #ttlOf({ provider, behaviour }: Credential, kind: string, requested: number | undefined): number | null {
    const { tokens } = this.requireContract(provider).sandbox;
    const own = tokens[kind]?.ttl_seconds;
    if (kind === 'refresh') {
      return behaviour.refresh_ttl_seconds ?? own ?? null;
    }
    return behaviour.ttl_seconds ?? requested ?? own ?? tokens['access']?.ttl_seconds ?? null;
  }

  #tokensOf(id: string, part: CredentialPart): readonly IssuedToken[] {
    const credential = this.require(id);
    const kinds = Object.keys(this.requireContract(credential.provider).sandbox.tokens);
    const wanted = kinds.filter((kind) => part === 'all' || (part === 'refresh') === (kind === 'refresh'));
    if (wanted.length === 0) {
      const message = `${credential.provider} has no ${part} tokens; its kinds are ${kinds.join(', ')}.`;
      throw invalidRequest([{ field: 'part', message }]);
    }
    return credential.tokens.filter(({ kind }) => wanted.includes(kind));
  }
}
