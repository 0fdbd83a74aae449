import type { SampleSpec } from '../contract/answers-file.js';
import { fillText, type Values } from '../exchange/template.js';
import type { IssueOptions } from './credential.js';

type Texts = Readonly<Record<string, string>>;

/** A field of the credential that holds a token: of which kind, and its value where one was asked for. */
export interface TokenField {
  readonly field: string;
  readonly kind: string;
  readonly value: string | undefined;
}

/** A sample with its placeholders filled and the values that were asked for instead. */
export interface FilledSample {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Texts;
  /** The credential's fields but for tokens, which are minted. */
  readonly fields: Texts;
  readonly tokens: readonly TokenField[];
}

/** Fills a sample. `kinds` are the provider's kinds of tokens, `shared` the secrets of all its credentials. */
export function fillSample(
  sample: SampleSpec,
  kinds: readonly string[],
  options: IssueOptions,
  shared: Texts,
  values: Values,
): FilledSample {
  const asked = options.credential ?? {};
  const tokens = Object.entries(sample.credential).flatMap(([field, template]) => {
    const kind = kinds.find((each) => template === `{${each}}`);
    return kind === undefined ? [] : [{ field, kind, value: asked[field] }];
  });
  const isToken = (field: string) => tokens.some((token) => token.field === field);
  const templates = { ...sample.credential, ...asked };
  const fields = Object.keys(templates)
    .filter((field) => !isToken(field))
    .map((field) => [field, asked[field] ?? fillText(sample.credential[field] ?? '', values)]);
  return {
    settings: { ...fillTexts(sample.settings, values), ...options.settings },
    secrets: { ...shared, ...options.secrets },
    fields: Object.fromEntries(fields),
    tokens,
  };
}

/** An object with the placeholders of its texts filled; other values stay as they are. */
const fillTexts = (texts: Readonly<Record<string, unknown>>, values: Values): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(texts).map(([name, value]) => [name, typeof value === 'string' ? fillText(value, values) : value]),
  );
