-- AlterTable
ALTER TABLE "callers" ADD COLUMN "limited_rules" JSONB NOT NULL DEFAULT '[]';

-- CreateTable
CREATE TABLE "caller_identities" (
    "caller" TEXT NOT NULL,
    "issuer" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "index" INTEGER NOT NULL,

    CONSTRAINT "caller_identities_pkey" PRIMARY KEY ("issuer", "subject")
);

-- CreateIndex
CREATE INDEX "caller_identities_caller_idx" ON "caller_identities"("caller");

-- AddForeignKey
ALTER TABLE "caller_identities" ADD CONSTRAINT "caller_identities_caller_fkey" FOREIGN KEY ("caller") REFERENCES "callers"("name") ON DELETE CASCADE ON UPDATE CASCADE;


-- What follows cannot be said in schema.prisma.

-- Subjects that are no patterns are found by the primary key; the patterns of an issuer are looked through.
CREATE INDEX "caller_identities_patterns_idx" ON "caller_identities" ("issuer") WHERE position('*' in "subject") > 0;
