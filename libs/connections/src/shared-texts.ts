/** More than there are words for states, outcomes and schemes. */
const MOST = 1000;

/** Gives equal texts as one: what every connection says in the same words takes memory once. For texts of which there are few. */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  /** The first text that was equal to this one. */
  same<Text extends string>(text: Text): Text {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      return known as Text;
    }
    if (this.#texts.size < MOST) {
      this.#texts.set(text, text);
    }
    return text;
  }
}
