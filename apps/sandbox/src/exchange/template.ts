/** Values of placeholders by name; a function makes another value for each place. */
export type Values = Readonly<Record<string, string | number | (() => string)>>;

const PLACEHOLDER = /"\{(\w+)\}"|\{(\w+)\}/g;
const ONE = /\{(\w+)\}/g;

const valueOf = (values: Values, name: string): string | number | undefined => {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  return typeof value === 'function' ? value() : value;
};

const inside = (value: string | number): string => JSON.stringify(String(value)).slice(1, -1);

/**
 * JSON text with its placeholders filled: `"{ttl}"`, whole and in quotes, becomes the value as JSON (a number stays one);
 * `{ttl}` within a longer string becomes its text. What is no known name stays as it is.
 */
export function fillJson(template: string, values: Values): string {
  return template.replaceAll(PLACEHOLDER, (match, whole?: string, part?: string) => {
    const value = valueOf(values, whole ?? part ?? '');
    if (value === undefined) {
      return match;
    }
    return whole === undefined ? inside(value) : JSON.stringify(value);
  });
}

/** Plain text with its placeholders filled. */
export function fillText(template: string, values: Values): string {
  return template.replaceAll(ONE, (match, name: string) => String(valueOf(values, name) ?? match));
}

/** The names of all placeholders in a text, each once. */
export const placeholders = (template: string): readonly string[] => [
  ...new Set([...template.matchAll(ONE)].map(([, name]) => name ?? '')),
];
