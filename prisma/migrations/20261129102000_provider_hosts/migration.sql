-- AlterTable
ALTER TABLE "providers" ADD COLUMN     "confirmed_hosts" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "unconfirmed_hosts" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "connections" ADD COLUMN     "confirmed_hosts" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "unconfirmed_hosts" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- What follows cannot be said in schema.prisma: the rows there are count as confirmed, and no row may be without an answer.

ALTER TABLE "providers" ADD CONSTRAINT "providers_hosts_check"
  CHECK ("confirmed_hosts" IS NOT NULL AND "unconfirmed_hosts" IS NOT NULL);
ALTER TABLE "connections" ADD CONSTRAINT "connections_hosts_check"
  CHECK ("confirmed_hosts" IS NOT NULL AND "unconfirmed_hosts" IS NOT NULL);
