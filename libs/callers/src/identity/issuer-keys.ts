import { errorFacts, type Log } from '@app/common';
import type { createLocalJWKSet, CryptoKey, FlattenedJWSInput, JWSHeaderParameters } from 'jose';
import { KeySetError } from './key-set.js';
import type { KeySetSource } from './key-set.source.js';

/** The issuer is not asked more often than this, whatever tokens come. */
const ASKED_EVERY_MS = 30_000;
/** Keys that were asked for longer ago are fetched anew beside their use, so that hardly anybody waits for that. */
const AGEING_MS = 9 * 60_000;
/** Keys that were asked for longer ago are not used before the issuer is asked anew: a withdrawn one is worthless by then. */
const FRESH_MS = 10 * 60_000;
/** An issuer that could not be asked counts as silent for so long, and nobody waits for it again. */
const SILENT_MS = 60_000;
/** While the issuer does not answer, the keys that are known go on being used for so long. */
const KEPT_MS = 24 * 60 * 60_000;

/** None of the issuer's keys is known, and it does not bring them. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/** A key, and the version of the keys that it was found among. */
export interface FoundKey {
  readonly key: CryptoKey;
  readonly version: number;
}

/** The keys of one answer of the issuer. */
interface KnownKeys {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly text: string;
  readonly version: number;
}

/** The keys of one issuer, as far as they are known: fetched when they are first needed, when they age, and for an unknown `kid`. */
export class IssuerKeys {
  #known: KnownKeys | undefined;
  /** When they were asked for that are known: one may be withdrawn while the answer is on its way. */
  #knownSince = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #flight: Promise<boolean> | undefined;

  /** `now` counts milliseconds and never goes back; `alias` names the issuer in the log. */
  constructor(
    private readonly source: KeySetSource,
    private readonly log: Log,
    private readonly alias: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Whether what was verified with a key of this version is good without another look. It is not where the keys are others now, or
   * where `find` would ask the issuer first. Has ageing keys fetched, as `find` does.
   */
  vouchFor(version: number): boolean {
    return this.#areUsable() && this.#known?.version === version;
  }

  /**
   * The key that signed a token with this header. Throws KeysUnavailable; JWKSNoMatchingKey where the issuer has no such key, or
   * was asked for its keys less than 30 s ago.
   */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<FoundKey> {
    const known = await this.#require();
    try {
      return await keyAmong(known, header, token);
    } catch (error) {
      if (!isUnknownKey(error) || !(await this.refresh())) {
        throw error;
      }
      return keyAmong(this.#known ?? known, header, token);
    }
  }

  /** Asks the issuer, unless that was done less than 30 s ago; many who want it at once cause one request. True where it answered. */
  refresh(): Promise<boolean> {
    if (this.#flight !== undefined) {
      return this.#flight;
    }
    if (this.now() - this.#askedAt < ASKED_EVERY_MS) {
      return Promise.resolve(false);
    }
    this.#askedAt = this.now();
    this.#flight = this.#fetch().finally(() => (this.#flight = undefined));
    return this.#flight;
  }

  async #require(): Promise<KnownKeys> {
    if (!this.#areUsable()) {
      await this.refresh();
    }
    if (this.#known === undefined || this.now() - this.#knownSince >= KEPT_MS) {
      throw new KeysUnavailable('The keys of the issuer are not known.');
    }
    return this.#known;
  }

  /** Whether the keys may be used before the issuer is asked again. Has ageing ones fetched beside that. */
  #areUsable(): boolean {
    const now = this.now();
    const age = now - this.#knownSince;
    const silent = now - this.#failedAt < SILENT_MS;
    if (age >= (silent ? KEPT_MS : FRESH_MS)) {
      return false;
    }
    if (age >= AGEING_MS) {
      void this.refresh();
    }
    return true;
  }

  /** Never rejects. */
  async #fetch(): Promise<boolean> {
    try {
      const keySet = await this.source();
      const text = JSON.stringify(keySet);
      if (text !== this.#known?.text) {
        const jose = await import('jose');
        const version = (this.#known?.version ?? 0) + 1;
        this.#known = { find: jose.createLocalJWKSet(keySet), text, version };
      }
      this.#knownSince = this.#askedAt;
      return true;
    } catch (error) {
      this.#failedAt = this.now();
      this.log.warn('The keys of an issuer cannot be fetched; those known go on being used for a day.', {
        source: this.alias,
        reason: error instanceof KeySetError ? error.message : undefined,
        ...errorFacts(error),
      });
      return false;
    }
  }
}

const keyAmong = async (
  { find, version }: KnownKeys,
  header: JWSHeaderParameters,
  token: FlattenedJWSInput,
): Promise<FoundKey> => ({ key: await find(header, token), version });

const isUnknownKey = (error: unknown): boolean =>
  (Object(error) as { readonly code?: unknown }).code === 'ERR_JWKS_NO_MATCHING_KEY';
