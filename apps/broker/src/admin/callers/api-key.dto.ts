import { IsOptional, Matches } from '@app/common';
import { API_KEY_ID_PATTERN, type ApiKeyRecord, type IssuedKey } from '@app/callers';
import { ApiProperty, ApiPropertyOptional } from '../../http/documented.js';
import { IsInstant } from '../../http/instant.js';
import { toTime, toTimeOrNull } from '../../http/time.js';
import { CallerParams } from './caller.dto.js';

/** The API key that a path names. */
export class ApiKeyParams extends CallerParams {
  @ApiProperty({ description: 'Id of the key.', example: 'k3v9w2m8x1qa', pattern: API_KEY_ID_PATTERN.source })
  @Matches(API_KEY_ID_PATTERN, { message: 'must be 12 lower-case letters or digits, the part of a key behind "clv_"' })
  readonly key_id!: string;
}

/** What a new key is to be. */
export class NewApiKeyDto {
  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2027-11-21T10:00:00Z',
    description: 'In the future; null or left out where the key does not expire.',
  })
  @IsOptional()
  @IsInstant()
  readonly expires_at?: string | null;
}

/** A key that was just issued: the one answer that shows it. */
export class IssuedKeyDto {
  @ApiProperty({ example: 'k3v9w2m8x1qa' })
  readonly key_id!: string;

  @ApiProperty({
    description: 'Shown only here: keep it where only the caller can read it.',
    example: 'clv_k3v9w2m8x1qa_…',
  })
  readonly key!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2027-11-21T10:00:00Z' })
  readonly expires_at!: string | null;
}

/** A key as it is listed; the key itself is not known any more. */
export class ApiKeyDto {
  @ApiProperty({ example: 'k3v9w2m8x1qa' })
  readonly key_id!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:00:00Z' })
  readonly created_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  readonly expires_at!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  readonly revoked_at!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-11-21T10:05:00Z',
    description: 'To the minute; null where it was never used.',
  })
  readonly last_used_at!: string | null;
}

/** Part of the list of a caller's keys, oldest first. */
export class ApiKeyPageDto {
  @ApiProperty({ type: [ApiKeyDto] })
  readonly items!: readonly ApiKeyDto[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Asks for what follows; null at the end.' })
  readonly next_cursor!: string | null;
}

/** The key in the words of the HTTP contract. */
export const toApiKeyDto = (key: ApiKeyRecord): ApiKeyDto => ({
  key_id: key.keyId,
  created_at: toTime(key.createdAt),
  expires_at: toTimeOrNull(key.expiresAt),
  revoked_at: toTimeOrNull(key.revokedAt),
  last_used_at: toTimeOrNull(key.lastUsedAt),
});

/** Reveals the key, the one time that it may be. */
export const toIssuedKeyDto = ({ keyId, key, expiresAt }: IssuedKey): IssuedKeyDto => ({
  key_id: keyId,
  key: key.reveal(),
  expires_at: toTimeOrNull(expiresAt),
});
