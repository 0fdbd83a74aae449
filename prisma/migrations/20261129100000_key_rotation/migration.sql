-- CreateTable
CREATE TABLE "encryption_keys" (
    "id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "reference" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "canary" BYTEA NOT NULL,
    "wanted_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "promoted_at" TIMESTAMPTZ(3),
    "retired_at" TIMESTAMPTZ(3),
    "rewrapped" INTEGER NOT NULL DEFAULT 0,
    "unreadable" INTEGER NOT NULL DEFAULT 0,
    "worker" UUID,
    "worker_until" TIMESTAMPTZ(3),

    CONSTRAINT "encryption_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "replicas" (
    "id" UUID NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "opens" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "seals_with" TEXT,
    "spooled_with" TEXT[] DEFAULT ARRAY[]::TEXT[],

    CONSTRAINT "replicas_pkey" PRIMARY KEY ("id")
);


-- What follows cannot be said in schema.prisma.

ALTER TABLE "encryption_keys" ADD CONSTRAINT "encryption_keys_state_check"
  CHECK ("state" IN ('pending', 'primary', 'decrypt_only', 'retired'));
CREATE UNIQUE INDEX "encryption_keys_one_primary_idx" ON "encryption_keys" ("state") WHERE "state" = 'primary';
CREATE UNIQUE INDEX "encryption_keys_one_wanted_idx" ON "encryption_keys" (("wanted_at" IS NOT NULL)) WHERE "wanted_at" IS NOT NULL;

-- Which key sealed a value: its second byte is the length of the key's id, which follows. What is re-wrapped is found, and
-- counted, by it.
CREATE INDEX "connections_credential_key_idx" ON "connections"
  ((CASE WHEN length("credential") > 1 THEN substring("credential" FROM 3 FOR get_byte("credential", 1)) END), "id");
CREATE INDEX "connections_token_key_idx" ON "connections"
  ((CASE WHEN length("token") > 1 THEN substring("token" FROM 3 FOR get_byte("token", 1)) END), "id");
CREATE INDEX "providers_secrets_key_idx" ON "providers"
  ((CASE WHEN length("secrets") > 1 THEN substring("secrets" FROM 3 FOR get_byte("secrets", 1)) END), "name");
CREATE INDEX "spares_credential_key_idx" ON "spares"
  ((CASE WHEN length("credential") > 1 THEN substring("credential" FROM 3 FOR get_byte("credential", 1)) END), "id");
CREATE INDEX "spares_token_key_idx" ON "spares"
  ((CASE WHEN length("token") > 1 THEN substring("token" FROM 3 FOR get_byte("token", 1)) END), "id");
