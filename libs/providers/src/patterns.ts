/** Visible ASCII without blanks: what can stand in a header as one word. */
export const ONE_WORD = '^[\\x21-\\x7e]+$';
/** Anything but control characters. */
export const ONE_LINE = '^[^\\x00-\\x1f\\x7f]+$';
/** ASCII with line breaks. */
export const LINES = '^[\\x20-\\x7e\\t\\r\\n]+$';
/** What can stand in a header (RFC 9110, 5.5) and begins and ends with something visible. */
export const HEADER_LINE = '^[\\x21-\\x7e](?:[\\x20-\\x7e]*[\\x21-\\x7e])?$';
/** A token of RFC 9110, 5.6.2: a scheme of the Authorization header. */
export const SCHEME = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
/** The name of a parameter in a query, a form or a JSON object. */
export const PARAMETER_NAME = '^(?!__proto__$)[A-Za-z0-9_.:$\\[\\]-]{1,100}$';
/** The name of a field of ours. */
export const FIELD_NAME = '^[a-z][a-z0-9_]{0,62}$';
/** A value that stands in a URL as it is, and can neither leave its place in the host nor climb in the path. */
export const URL_WORD = '^(?!\\.)(?!.*\\.\\.)[A-Za-z0-9._-]{1,200}$';
/** Names with dots between them: a place in a JSON object. */
export const DOTTED_PATH = '^[A-Za-z0-9_$@:-]{1,100}(?:\\.[A-Za-z0-9_$@:-]{1,100}){0,9}$';
/** An absolute http(s) URL in which `{name}` stands for a parameter; neither user nor fragment. */
export const URL_TEMPLATE = '^[Hh][Tt][Tt][Pp][Ss]?://(?:[^\\s{}\\\\#@<>"^`|]|\\{[a-z][a-z0-9_]{0,62}\\})+$';
/** A header's name, unless the broker itself answers for that header. */
export const HEADER_NAME = headerNameExcept([
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  '__proto__',
]);

/** What a text that does not match is told to be. */
export const PATTERN_WORDS: Readonly<Record<string, string>> = {
  [ONE_WORD]: 'must consist of visible ASCII characters, without spaces and line breaks',
  [ONE_LINE]: 'must not contain line breaks or other control characters',
  [LINES]: 'must consist of ASCII characters and line breaks',
  [HEADER_LINE]: 'must consist of ASCII characters in one line, without spaces around it',
  [SCHEME]: 'must be one word, as it stands in the Authorization header: e.g. Bearer',
  [PARAMETER_NAME]: 'must be named with at most 100 letters, digits, "_", ".", ":", "$", "[", "]" or "-"',
  [FIELD_NAME]: 'must be named with lower-case letters, digits or "_", beginning with a letter',
  [URL_WORD]: 'must be 1 to 200 letters, digits, ".", "_" or "-", without ".." and without "." at its beginning',
  [DOTTED_PATH]: 'must be names with dots between them, e.g. data.access_token',
  [URL_TEMPLATE]:
    'must be an absolute http or https URL without user and fragment; {name} stands for one of url_parameters',
  [HEADER_NAME]: 'must be the name of a header, and none that is set by itself (authorization, host, content-type …)',
};

function headerNameExcept(names: readonly string[]): string {
  return `^(?!(?:${names.map(eitherCase).join('|')})$)[A-Za-z0-9!#$%&'*+.^_\`|~-]{1,100}$`;
}

/** Without a flag for it, a pattern ignores case only where it names both. */
function eitherCase(name: string): string {
  return name.replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}
