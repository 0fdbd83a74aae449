import { compileGlob } from '../glob.js';

/** Who somebody is according to somebody else: an issuer of tokens, or a proxy that verified a certificate. */
export interface Identity {
  /** The `iss` of the tokens, or MTLS. */
  readonly issuer: string;
  /** Of a caller: a pattern of subjects. Of a request: the subject itself. */
  readonly subject: string;
}

/** The issuer of identities that a trusted proxy took from a client's certificate. */
export const MTLS = 'mtls';

/** Issuers: one word of visible ASCII. */
export const ISSUER_PATTERN = /^[\x21-\x7e]{1,255}$/;

/** Subjects and patterns of them: text without control characters, not blank at its ends. */
export const SUBJECT_PATTERN = /^(?!\s)[^\p{Cc}\p{Cs}]{1,512}(?<!\s)$/u;

const PARTS = /([:/,])/;

/**
 * A test for subjects. `*` stands for any characters but ":", "/" and ",": it never reaches past its own part of
 * `system:serviceaccount:prod:*`, `spiffe://example.org/ns/prod/*` or `CN=*,O=Example`, in which the other parts may be
 * somebody else's to choose.
 */
export function compileSubject(pattern: string): (subject: string) => boolean {
  const tests = pattern.split(PARTS).map(compileGlob);
  return (subject) => {
    const parts = subject.split(PARTS);
    return parts.length === tests.length && tests.every((test, index) => test(parts[index] ?? ''));
  };
}

/** An identity as the key of a map. */
export const keyOfIdentity = ({ issuer, subject }: Identity): string => JSON.stringify([issuer, subject]);
