import {
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsIn,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  NAME_MESSAGE,
  NAME_PATTERN,
  NotEquals,
} from '@app/common';
import { ISSUER_PATTERN, MTLS } from './identity.js';
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from './trusted-issuer.js';

const PATH = 'must be the path of a file';

/** One issuer as the identities file writes it. */
export class IssuerEntry {
  @Matches(NAME_PATTERN, { message: NAME_MESSAGE })
  @NotEquals(MTLS, { message: `must not be "${MTLS}", which stands for certificates` })
  readonly name!: string;

  @Matches(ISSUER_PATTERN, { message: 'must be the exact "iss" of the tokens' })
  @NotEquals(MTLS, { message: `must not be "${MTLS}", which stands for certificates` })
  readonly issuer!: string;

  @IsString({ message: 'must be the value that "aud" of the tokens holds' })
  @IsNotEmpty({ message: 'must not be empty' })
  @MaxLength(255, { message: 'must be at most 255 characters' })
  readonly audience!: string;

  @IsArray({ message: `must be a list of ${TOKEN_ALGORITHMS.join(', ')}` })
  @ArrayNotEmpty({ message: 'must not be empty' })
  @ArrayUnique({ message: 'must not name one twice' })
  @IsIn(TOKEN_ALGORITHMS, { each: true, message: `must be among ${TOKEN_ALGORITHMS.join(', ')}` })
  readonly algorithms!: readonly TokenAlgorithm[];

  @IsOptional()
  @Matches(/^https?:\/\/[^\s@/]+(?:\/[^\s]*)?$/, { message: 'must be an https URL without a user name' })
  readonly jwks_url?: string;

  @IsOptional()
  @IsString({ message: PATH })
  @IsNotEmpty({ message: PATH })
  readonly jwks_file?: string;

  /** A JSON Web Key Set; parsed by itself. */
  @IsOptional()
  readonly jwks?: unknown;

  @IsOptional()
  @IsString({ message: PATH })
  @IsNotEmpty({ message: PATH })
  readonly ca_file?: string;

  @IsOptional()
  @IsString({ message: PATH })
  @IsNotEmpty({ message: PATH })
  readonly bearer_token_file?: string;
}
