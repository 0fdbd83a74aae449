import { IsIn, Matches } from '@app/common';
import { KEY_PROVIDERS, type KeyProviderName } from '@app/crypto';
import { ApiProperty, ApiPropertyOptional } from '../../http/documented.js';
import { Omissible } from '../../http/omissible.decorator.js';

const PATTERN = /^[A-Za-z0-9][\w.:/-]{0,255}$/;

/** Which key is to become the primary one. */
export class RotateDto {
  @ApiProperty({
    pattern: PATTERN.source,
    example: 'k-aaavt8srmngl',
    description: 'The id of a key of the key file, the name of a transit key, or the ARN of a KMS key.',
  })
  @Matches(PATTERN, { message: "must be a key's id, the name of a transit key, or the ARN of a KMS key" })
  readonly key!: string;

  @ApiPropertyOptional({
    enum: KEY_PROVIDERS,
    description: 'Where the key is; what KEY_PROVIDER names where it is left out.',
  })
  @Omissible()
  @IsIn(KEY_PROVIDERS, { message: `must be one of ${KEY_PROVIDERS.join(', ')}` })
  readonly provider?: KeyProviderName;
}
