import { ISSUER_PATTERN, SUBJECT_PATTERN } from '@app/callers';
import { ApiProperty } from '../../http/documented.js';
import { membersOf } from '../../http/list-of.decorator.js';

const MEMBERS = ['issuer', 'subject'];

/** Whom else a caller is: tokens of an issuer, or certificates, that name one of these subjects. */
export class IdentityDto {
  @ApiProperty({
    example: 'https://kubernetes.default.svc.cluster.local',
    maxLength: 255,
    description: 'The `iss` of its tokens; `mtls` for certificates that a trusted proxy verified.',
  })
  readonly issuer!: string;

  @ApiProperty({
    example: 'system:serviceaccount:prod:billing',
    maxLength: 512,
    description: 'The subject; `*` stands for any characters but ":", "/" and ",".',
  })
  readonly subject!: string;
}

/** What is wrong with an identity. */
export function complaintAboutIdentity(value: unknown): string | undefined {
  const members = membersOf(value, MEMBERS);
  if (members === undefined) {
    return 'each must be { "issuer", "subject" }';
  }
  const { issuer, subject } = members;
  if (typeof issuer !== 'string' || !ISSUER_PATTERN.test(issuer)) {
    return '"issuer" must be 1 to 255 visible characters without a space: the "iss" of the tokens, or "mtls"';
  }
  return typeof subject === 'string' && SUBJECT_PATTERN.test(subject)
    ? undefined
    : '"subject" must be 1 to 512 characters, without control characters and not blank at its ends';
}
