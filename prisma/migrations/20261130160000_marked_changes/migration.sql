-- What an administrative change touched of what replicas hold: one connection, or none. One that may touch any has no row, as those
-- of the version before.
CREATE TABLE "marked_changes" (
    "mark" BIGINT NOT NULL,
    "provider" TEXT,
    "connection" TEXT,

    CONSTRAINT "marked_changes_pkey" PRIMARY KEY ("mark")
);
