/** One variable of the environment, as docs/configuration.md and the start-up message explain it. */
export interface Variable {
  readonly name: VariableName;
  readonly meaning: string;
  readonly example: string;
}

export type VariableName =
  | 'NODE_ENV'
  | 'HOST'
  | 'PORT'
  | 'DATABASE_URL'
  | 'DATA_DIR'
  | 'SPOOL_DIR'
  | 'AUDIT_SPOOL_DIR'
  | 'SANDBOX'
  | 'SANDBOX_PORT'
  | 'KEY_PROVIDER'
  | 'KEYS_FILE'
  | 'KEYS'
  | 'VAULT_ADDR'
  | 'VAULT_NAMESPACE'
  | 'VAULT_TOKEN'
  | 'VAULT_TOKEN_FILE'
  | 'VAULT_TRANSIT_MOUNT'
  | 'VAULT_TRANSIT_KEY'
  | 'AWS_KMS_KEY'
  | 'BOOTSTRAP_ADMIN_KEY'
  | 'OUTBOUND_ALLOWED_NETWORKS'
  | 'IDENTITIES_FILE'
  | 'TRUSTED_PROXIES'
  | 'IDENTITY_HEADER'
  | 'AUDIT_RETENTION_DAYS'
  | 'RATE_LIMIT'
  | 'TOKEN_CACHE_MB'
  | 'LOG_LEVEL';

/** Every variable that Claviger reads; no other is looked at. */
export const VARIABLES: Readonly<Record<VariableName, Omit<Variable, 'name'>>> = {
  NODE_ENV: { meaning: '"development" (the default) or "production".', example: 'production' },
  HOST: { meaning: 'The address to listen on.', example: '0.0.0.0' },
  PORT: { meaning: 'The port to listen on, 0 for any free one.', example: '3000' },
  DATABASE_URL: {
    meaning: 'Where Postgres (15 or newer) is.',
    example: 'postgresql://claviger:password@db.example.com:5432/claviger',
  },
  DATA_DIR: { meaning: 'The folder for the embedded database and generated keys (development).', example: '.data' },
  SPOOL_DIR: {
    meaning:
      "This replica's own folder for answers not stored yet, on a disk that outlives it. Unset: spool in DATA_DIR.",
    example: '/var/lib/claviger/spool',
  },
  AUDIT_SPOOL_DIR: {
    meaning:
      "This replica's own folder for audit rows while the database is away, on a local disk that outlives it. Unset: nothing leaves then.",
    example: '/var/lib/claviger/audit',
  },
  SANDBOX: { meaning: '"on" or "off": the stand-in for the providers (development only).', example: 'off' },
  SANDBOX_PORT: { meaning: 'The port of the sandbox.', example: '3900' },
  KEY_PROVIDER: {
    meaning:
      'What seals: "file" (the default), "env", "vault-transit" or "aws-kms". To move, rotate; see docs/operations.md.',
    example: 'vault-transit',
  },
  KEYS_FILE: {
    meaning: 'The key file, mode 0600, the same for all replicas. Make one with: npx claviger keys generate',
    example: '/run/secrets/claviger-keys.json',
  },
  KEYS: {
    meaning: "The key file's text itself, in place of KEYS_FILE.",
    example: '{"version":1,"encryption":{"keys":[…]},…}',
  },
  VAULT_ADDR: { meaning: 'Where Vault is; https, or http to this machine.', example: 'https://vault.example.com:8200' },
  VAULT_NAMESPACE: { meaning: 'The namespace in Vault, where there is one.', example: 'platform' },
  VAULT_TOKEN: { meaning: "Vault's token. It must outlive the process: prefer VAULT_TOKEN_FILE.", example: 'hvs.…' },
  VAULT_TOKEN_FILE: {
    meaning: "A file with Vault's token, as Vault Agent keeps one; read at every request.",
    example: '/run/vault/token',
  },
  VAULT_TRANSIT_MOUNT: { meaning: 'Where the transit engine is mounted.', example: 'transit' },
  VAULT_TRANSIT_KEY: { meaning: 'The transit key, of an AEAD type.', example: 'claviger-2026' },
  AWS_KMS_KEY: {
    meaning: 'The ARN of the KMS key. Credentials are found as the AWS SDK finds them.',
    example: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  },
  BOOTSTRAP_ADMIN_KEY: {
    meaning: 'An admin API key made valid at the first start. Make one with: npx claviger api-key generate',
    example: 'clv_… (as the command prints it)',
  },
  OUTBOUND_ALLOWED_NETWORKS: {
    meaning: 'Networks (CIDR, comma-separated) in which plain http and private addresses are allowed for providers.',
    example: '10.20.0.0/16,fd00:20::/64',
  },
  IDENTITIES_FILE: {
    meaning: 'A JSON file with the issuers whose tokens are accepted beside API keys (docs/operations.md).',
    example: '/etc/claviger/identities.json',
  },
  TRUSTED_PROXIES: {
    meaning: 'Networks (CIDR, comma-separated) of proxies whose X-Forwarded-For and IDENTITY_HEADER are believed.',
    example: '10.20.0.0/24',
  },
  IDENTITY_HEADER: {
    meaning: 'The header in which a trusted proxy names the subject of a client certificate that it verified.',
    example: 'x-forwarded-client-cert',
  },
  AUDIT_RETENTION_DAYS: {
    meaning: 'How many days of the audit log are kept; older ones are verified and dropped. Unset: all.',
    example: '365',
  },
  RATE_LIMIT: { meaning: 'Requests a second and caller, or "off" for no rate limits at all.', example: '1000' },
  TOKEN_CACHE_MB: { meaning: 'Megabytes of memory that cached tokens may take.', example: '64' },
  LOG_LEVEL: { meaning: 'silent, error, warn, info or debug.', example: 'info' },
};
