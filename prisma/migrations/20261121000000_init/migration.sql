-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "providers" (
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "secrets" BYTEA,
    "secret_fields" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "secrets_generation" INTEGER NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "providers_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "connections" (
    "id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "state" TEXT NOT NULL DEFAULT 'active',
    "state_reason" TEXT,
    "state_upstream_status" INTEGER,
    "state_parameter" TEXT,
    "credential" BYTEA NOT NULL,
    "credential_fields" TEXT[],
    "credential_updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "token" BYTEA,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "token_issued_at" TIMESTAMPTZ(3),
    "token_expires_at" TIMESTAMPTZ(3),
    "token_lifetime_seconds" INTEGER,
    "next_step" TEXT NOT NULL DEFAULT 'refresh',
    "refresh_at" TIMESTAMPTZ(3),
    "retry_at" TIMESTAMPTZ(3),
    "last_attempt_at" TIMESTAMPTZ(3),
    "last_outcome" TEXT,
    "last_reason" TEXT,
    "last_upstream_status" INTEGER,
    "consecutive_failures" INTEGER NOT NULL DEFAULT 0,
    "lease_holder" UUID,
    "lease_expires_at" TIMESTAMPTZ(3),
    "fence" BIGINT NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "connections_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempts" (
    "id" UUID NOT NULL,
    "connection_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL,
    "fence" BIGINT NOT NULL,
    "step" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "holder" UUID NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sent_at" TIMESTAMPTZ(3),
    "closed_at" TIMESTAMPTZ(3),
    "outcome" TEXT,
    "reason" TEXT,
    "upstream_status" INTEGER,
    "duration_ms" INTEGER,
    "caller" TEXT,
    "key_id" TEXT,
    "request_id" TEXT,
    "client_ip" TEXT,
    "recorded" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "attempts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "callers" (
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "roles" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "rules" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "expires_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "callers_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "key_id" TEXT NOT NULL,
    "caller" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("key_id")
);

-- CreateTable
CREATE TABLE "change_mark" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "value" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "change_mark_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_streams" (
    "id" BIGSERIAL NOT NULL,
    "replica" UUID NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_streams_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_events" (
    "stream" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "action" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "caller" TEXT,
    "key_id" TEXT,
    "provider" TEXT,
    "connection" TEXT,
    "generation" INTEGER,
    "request_id" TEXT,
    "client_ip" TEXT,
    "upstream_status" INTEGER,
    "reason" TEXT,
    "duration_ms" INTEGER,
    "token_fingerprint" TEXT,
    "fields" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "count" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "audit_events_pkey" PRIMARY KEY ("stream","seq")
);

-- CreateIndex
CREATE INDEX "connections_provider_refresh_at_idx" ON "connections"("provider", "refresh_at");

-- CreateIndex
CREATE INDEX "connections_updated_at_id_idx" ON "connections"("updated_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "connections_provider_name_key" ON "connections"("provider", "name");

-- CreateIndex
CREATE INDEX "attempts_connection_id_opened_at_idx" ON "attempts"("connection_id", "opened_at" DESC);

-- CreateIndex
CREATE INDEX "api_keys_caller_idx" ON "api_keys"("caller");

-- CreateIndex
CREATE INDEX "audit_events_at_stream_seq_idx" ON "audit_events"("at", "stream", "seq");

-- CreateIndex
CREATE INDEX "audit_events_caller_at_idx" ON "audit_events"("caller", "at");

-- CreateIndex
CREATE INDEX "audit_events_provider_connection_at_idx" ON "audit_events"("provider", "connection", "at");

-- AddForeignKey
ALTER TABLE "connections" ADD CONSTRAINT "connections_provider_fkey" FOREIGN KEY ("provider") REFERENCES "providers"("name") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "attempts" ADD CONSTRAINT "attempts_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connections"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_caller_fkey" FOREIGN KEY ("caller") REFERENCES "callers"("name") ON DELETE CASCADE ON UPDATE CASCADE;


-- What follows cannot be said in schema.prisma.

-- Closed sets of words; the code's unions and these lists are one.
ALTER TABLE "connections" ADD CONSTRAINT "connections_state_check"
  CHECK ("state" IN ('active', 'uncertain', 'reauthorization_required', 'misconfigured', 'paused'));
ALTER TABLE "connections" ADD CONSTRAINT "connections_next_step_check" CHECK ("next_step" IN ('refresh', 'relogin'));
ALTER TABLE "attempts" ADD CONSTRAINT "attempts_outcome_check"
  CHECK ("outcome" IN ('ok', 'rejected', 'misconfigured', 'not_sent', 'unknown', 'abandoned'));
ALTER TABLE "attempts" ADD CONSTRAINT "attempts_closed_check" CHECK (("closed_at" IS NULL) = ("outcome" IS NULL));
ALTER TABLE "change_mark" ADD CONSTRAINT "change_mark_single_row_check" CHECK ("id" = 1);

-- One open attempt a connection: a second sender cannot even write down that it wants to send.
CREATE UNIQUE INDEX "attempts_one_open_idx" ON "attempts" ("connection_id") WHERE "closed_at" IS NULL;

-- Closed attempts whose outcome the audit log does not hold yet.
CREATE INDEX "attempts_unrecorded_idx" ON "attempts" ("closed_at") WHERE "closed_at" IS NOT NULL AND NOT "recorded";

-- Rows that every refresh updates: room on the page keeps those updates in place.
ALTER TABLE "connections" SET (fillfactor = 80);

-- The built-in providers exist from the start.
INSERT INTO "providers" ("name", "type") VALUES
  ('onmeta', 'onmeta'), ('monetate', 'monetate'), ('klearstack', 'klearstack'), ('klavi', 'klavi'), ('berbix', 'berbix');

INSERT INTO "change_mark" ("id", "value") VALUES (1, 0);
