-- What is due is looked for among what may be sent only: connections that wait for somebody (paused, refused, with a changed host)
-- keep the time at which they were last due, and would be walked over by every claim. The statement of the version before says
-- the same conditions, so it uses this index as well.
CREATE INDEX "connections_due_idx" ON "connections" ("provider", "refresh_at")
  WHERE "state" IN ('active', 'uncertain') AND "unconfirmed_hosts" = '{}';
DROP INDEX "connections_provider_refresh_at_idx";
