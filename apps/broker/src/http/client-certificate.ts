/**
 * The subject of the client's certificate as Envoy writes it in `x-forwarded-client-cert`: its `URI` (a SPIFFE id, say), else
 * its `Subject`. Undefined where the header names neither, several of one kind, or several certificates: who is meant then is
 * anybody's guess.
 */
export function subjectOfClientCert(header: string): string | undefined {
  const fields = fieldsOf(header);
  const named = (name: string): readonly string[] =>
    (fields ?? []).filter((field) => field.name === name).map(({ value }) => value);
  const [uri, ...uris] = named('uri');
  const [subject, ...subjects] = named('subject');
  return uris.length > 0 || subjects.length > 0 ? undefined : (uri ?? subject);
}

interface Field {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

/** A name, an equals sign, and a value in quotes, or one that needs none. */
const FIELD = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;=]*))(;|$)/y;

/** The fields of the one element of the header; undefined where it is malformed or has several elements. */
function fieldsOf(header: string): readonly Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (at < header.length) {
    FIELD.lastIndex = at;
    const [all, name, quoted, plain] = FIELD.exec(header) ?? [];
    if (all === undefined || name === undefined) {
      return undefined;
    }
    fields.push({ name: name.toLowerCase(), value: quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '' });
    at += all.length;
  }
  return fields;
}
