-- AlterTable
ALTER TABLE "providers" ADD COLUMN "refused_reason" TEXT,
ADD COLUMN "refused_status" INTEGER,
ADD COLUMN "refused_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "connections" ADD COLUMN "credential_since" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN "last_used_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "attempts" ADD COLUMN "parameter" TEXT;

-- CreateTable
CREATE TABLE "spares" (
    "id" UUID NOT NULL,
    "connection_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL,
    "credential" BYTEA NOT NULL,
    "token" BYTEA NOT NULL,
    "token_expires_at" TIMESTAMPTZ(3) NOT NULL,
    "token_lifetime_seconds" INTEGER NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "spares_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "database_identity" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "system_identifier" TEXT NOT NULL,
    "timeline" INTEGER NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "database_identity_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "spares_connection_id_idx" ON "spares"("connection_id");

-- AddForeignKey
ALTER TABLE "spares" ADD CONSTRAINT "spares_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connections"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What follows cannot be said in schema.prisma.

ALTER TABLE "database_identity" ADD CONSTRAINT "database_identity_single_row_check" CHECK ("id" = 1);
INSERT INTO "database_identity" ("system_identifier", "timeline")
  SELECT system_identifier::text, ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
  FROM pg_control_system();

-- Counts attempts with credentials that can be used only once. A value lower than one seen before means an older database.
CREATE SEQUENCE "rotation_epoch" AS BIGINT;

-- Attempts whose outcome decides whether the same credential may be sent again.
CREATE INDEX "attempts_sent_idx" ON "attempts" ("connection_id", "generation") WHERE "sent_at" IS NOT NULL;
