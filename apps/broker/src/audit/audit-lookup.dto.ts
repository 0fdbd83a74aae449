import { IsDefined, IsString, MaxLength, MinLength } from '@app/common';
import { ApiProperty } from '../http/documented.js';
import { AuditEventDto } from './audit-event.dto.js';

/** A token that was found somewhere. */
export class AuditLookupBody {
  @ApiProperty({ description: 'The access token as it was found, without "Bearer".', minLength: 1, maxLength: 30_000 })
  @IsDefined({ message: 'is required' })
  @IsString({ message: 'must be the token, as text' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(30_000, { message: 'must have at most 30000 characters' })
  readonly token!: string;
}

/** Who was given it. */
export class AuditLookupDto {
  @ApiProperty({ description: 'By the expiry that the provider told; a revocation at the provider is not known.' })
  readonly live!: boolean;

  @ApiProperty({ type: [AuditEventDto], description: 'Its events token.issued, newest first, at most 1000.' })
  readonly items!: readonly AuditEventDto[];
}
