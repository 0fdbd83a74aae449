import { errorFacts, type Log } from '@app/common';
import type { createLocalJWKSet, CryptoKey, FlattenedJWSInput, JWSHeaderParameters } from 'jose';
import { KeySetError } from './key-set.js';
import type { KeySetSource } from './key-set.source.js';

/** The issuer is not asked more often than this, whatever tokens come. */
const ASKED_EVERY_MS = 30_000;
/** Keys that were fetched longer ago are fetched anew beside their use, so that a withdrawn one is noticed. */
const FRESH_MS = 10 * 60_000;
/** While the issuer does not answer, the keys that are known go on being used for so long. */
const KEPT_MS = 24 * 60 * 60_000;

/** None of the issuer's keys is known, and it does not bring them. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/** The keys of one issuer, as far as they are known: fetched when they are first needed, when they age, and for an unknown `kid`. */
export class IssuerKeys {
  #find: ReturnType<typeof createLocalJWKSet> | undefined;
  #text = '';
  #version = 0;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #flight: Promise<boolean> | undefined;

  /** `now` counts milliseconds and never goes back; `alias` names the issuer in the log. */
  constructor(
    private readonly source: KeySetSource,
    private readonly log: Log,
    private readonly alias: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Changes whenever the keys do: what was verified with others must be verified again. */
  get version(): number {
    return this.#version;
  }

  /**
   * The key that signed a token with this header. Throws KeysUnavailable; JWKSNoMatchingKey where the issuer has no such key, or
   * was asked for its keys less than 30 s ago.
   */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const known = await this.#known();
    try {
      return await known(header, token);
    } catch (error) {
      if (!isUnknownKey(error) || !(await this.refresh())) {
        throw error;
      }
      return (this.#find ?? known)(header, token);
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

  async #known(): Promise<ReturnType<typeof createLocalJWKSet>> {
    const age = this.now() - this.#fetchedAt;
    if (age >= KEPT_MS) {
      await this.refresh();
    } else if (age >= FRESH_MS) {
      void this.refresh();
    }
    if (this.#find === undefined || this.now() - this.#fetchedAt >= KEPT_MS) {
      throw new KeysUnavailable('The keys of the issuer are not known.');
    }
    return this.#find;
  }

  /** Never rejects. */
  async #fetch(): Promise<boolean> {
    try {
      const keySet = await this.source();
      const text = JSON.stringify(keySet);
      if (text !== this.#text) {
        const jose = await import('jose');
        this.#find = jose.createLocalJWKSet(keySet);
        this.#text = text;
        this.#version += 1;
      }
      this.#fetchedAt = this.now();
      return true;
    } catch (error) {
      this.log.warn('The keys of an issuer cannot be fetched; those known go on being used for a day.', {
        source: this.alias,
        reason: error instanceof KeySetError ? error.message : undefined,
        ...errorFacts(error),
      });
      return false;
    }
  }
}

const isUnknownKey = (error: unknown): boolean =>
  (Object(error) as { readonly code?: unknown }).code === 'ERR_JWKS_NO_MATCHING_KEY';
