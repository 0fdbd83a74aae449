/**
 * What JSON may hold as it is, but a terminal, a viewer or a splitter of lines acts upon: C1 controls, other line ends, marks that
 * turn or hide text; and halves of surrogate pairs, of which nobody knows what becomes.
 */
const ACTING = /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\p{Cs}]/gu;

/** The same JSON with such characters escaped: it is one line for whoever reads it, and shows what it says. */
export const oneLine = (json: string): string =>
  json.replaceAll(ACTING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
