-- AlterTable
ALTER TABLE "connections" ADD COLUMN "claimed_at" TIMESTAMPTZ(3);
