import type { IssuedToken } from '@app/tokens';
import { toTokenView } from './token.view.js';

/** Of connections; where more are asked for in a second, the first ones are most likely those that are asked for most. */
const MOST = 1024;
/** The text says for how many whole seconds the token lives. */
const FORGOTTEN_AFTER_MS = 1000;

interface Known {
  readonly token: IssuedToken;
  readonly text: string;
}

/**
 * Texts of the answers of this second. Who asks for a token that was handed out in the same second is told the same, word for word, and
 * to make that text again takes a twentieth of all that a cached token costs (docs/performance-notebook.md).
 */
export class AnswerTexts {
  readonly #known = new Map<string, Known>();

  /** The token in the words of the HTTP contract, as JSON. */
  of(token: IssuedToken): string {
    const known = this.#known.get(token.fingerprint);
    if (known !== undefined && isSame(known.token, token)) {
      return known.text;
    }
    const text = JSON.stringify(toTokenView(token));
    if (known !== undefined || this.#known.size < MOST) {
      this.#keep(token, text);
    }
    return text;
  }

  /** For a second and not until it is asked for again: a text holds a token. */
  #keep(token: IssuedToken, text: string): void {
    if (this.#known.size === 0) {
      setTimeout(() => this.#known.clear(), FORGOTTEN_AFTER_MS).unref();
    }
    this.#known.set(token.fingerprint, { token, text });
  }
}

/** True where both have the same text. Of `extra` only the very same object is seen to be the same, and of warnings only none. */
const isSame = (one: IssuedToken, other: IssuedToken): boolean =>
  one.expiresInSeconds === other.expiresInSeconds &&
  one.source === other.source &&
  one.generation === other.generation &&
  one.accessToken === other.accessToken &&
  one.connection === other.connection &&
  one.provider === other.provider &&
  one.tokenType === other.tokenType &&
  one.expiresAt === other.expiresAt &&
  one.issuedAt === other.issuedAt &&
  one.extra === other.extra &&
  one.warnings.length === 0 &&
  other.warnings.length === 0;
