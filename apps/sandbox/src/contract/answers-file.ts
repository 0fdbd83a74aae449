/** Which exchange a request is: `refresh` renews with what is held, `relogin` wins a lost credential back. */
export type Step = 'refresh' | 'relogin';

/** A header of a request; `value` is a template whose placeholders name fields of the credential. */
export interface HeaderSpec {
  readonly name: string;
  readonly value: string;
}

/** A query parameter; `min` and `max` bound an integer. */
export interface QuerySpec {
  readonly name: string;
  /** Our name of the credential's field that it carries; absent: it carries none. */
  readonly field?: string;
  readonly min?: number;
  readonly max?: number;
}

/** A body field: its name on the wire, and our name of the credential's field where that differs. */
export interface BodyFieldSpec {
  readonly path: string;
  readonly field?: string;
  /** What always stands there: a field that carries nothing of the credential. */
  readonly value?: string;
}

/** What a request carries. */
export interface RequestSpec {
  readonly headers: readonly HeaderSpec[];
  readonly query?: readonly QuerySpec[];
  readonly body: {
    readonly encoding: 'none' | 'json' | 'form_or_multipart';
    readonly fields: readonly BodyFieldSpec[];
  };
  /** The query parameter or body field that asks for the lifetime of the access token, in seconds; default `ttl`. */
  readonly lifetime?: string;
  /** Where the request is authenticated by a JWT that the client signs. */
  readonly assertion?: { readonly algorithms: readonly string[] };
}

/** One documented answer other than success, with what it must mean to a client. */
export interface DocumentedAnswer {
  readonly id: string;
  readonly status: number;
  readonly content_type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly meaning: string;
  readonly outcome: 'rejected' | 'misconfigured' | 'not_sent' | 'unknown';
  readonly reason: string;
  /** The parameter that the answer says is missing. */
  readonly parameter?: string;
}

/** The answer of a request that was granted; its body is a template. */
export interface SuccessAnswer {
  readonly status: number;
  readonly content_type?: string;
  readonly body: unknown;
}

/** One rule: where its conditions hold (all, or with `any` one of them), the answer named by `respond` is given. */
export interface Rule {
  readonly if: readonly string[];
  readonly any?: boolean;
  readonly respond: string;
  /** The answer ends every token of the credential: what a reuse is punished by. */
  readonly revoke?: boolean;
}

/** A re-login call. */
export interface BootstrapSpec {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly HeaderSpec[];
  readonly body: RequestSpec['body'];
  readonly success: SuccessAnswer;
  readonly errors: readonly DocumentedAnswer[];
  readonly mock_rules: readonly Rule[];
}

/** How tokens of a kind look and how long they live; null is for ever. */
export interface TokenSpec {
  readonly format: 'jwt-hs256' | 'jwt-es256' | 'opaque';
  /** Absent: as long as the access token. */
  readonly ttl_seconds?: number | null;
  /** Claims of a JWT beside iat, exp, jti and sub. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Parts of an opaque token, joined by dots: text as it stands, numbers as so many random bytes in base64url. */
  readonly parts?: readonly (string | number)[];
}

/** What is issued, as templates in our field names. `secrets` are made once per sandbox and shared by all credentials. */
export interface SampleSpec {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly credential: Readonly<Record<string, string>>;
}

/** What becomes of a refresh token that a success has consumed: it lives on, dies at once, or after a grace. */
export type Rotation = 'static' | 'strict' | 'grace';

/** What the engine must know beside the documented facts. */
export interface SandboxSpec {
  readonly prefixes: readonly string[];
  readonly tokens: Readonly<Record<string, TokenSpec>>;
  /** Default `static`. */
  readonly rotation?: Rotation;
  /** How long a consumed refresh token is still accepted, from its first use on; only with `grace`. */
  readonly grace_seconds?: number;
  /** Kinds of tokens whose earlier ones die by a success; `true`: those that it issues. */
  readonly old_token_dies?: boolean | readonly string[];
  readonly ttl_as_string?: boolean;
  /** Answers are form-encoded unless the request accepts JSON. */
  readonly form_by_default?: boolean;
}

/** One `answers/<type>.json`, as far as the engine reads it. Every key is described in `answers/README.md`. */
export interface AnswersFile {
  readonly answers_version: 1;
  readonly provider: string;
  /** The broker's type that it is configured with; default the same as `provider`. */
  readonly type?: string;
  readonly title: string;
  readonly request: RequestSpec & { readonly method: string; readonly path: string };
  readonly success: SuccessAnswer;
  readonly errors: readonly DocumentedAnswer[];
  readonly mock_rules: readonly Rule[];
  readonly bootstrap: readonly BootstrapSpec[];
  readonly sample: SampleSpec;
  readonly sandbox: SandboxSpec;
}
