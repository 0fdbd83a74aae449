import { BrokerError } from '@app/common';

/** Longest name that Postgres does not cut, in bytes. */
const LONGEST_NAME = 63;

/**
 * The SQL that gives a database role what a running broker needs and takes from it everything else, above all the right to change what
 * is in the audit log. To be run by the owner of the tables, in the broker's database; running it again is safe.
 * @throws BrokerError `invalid_request` where that can be no role.
 */
export function grantsFor(role: string): string {
  if (role === '' || role.includes('\0') || Buffer.byteLength(role) > LONGEST_NAME) {
    throw new BrokerError('invalid_request', 'Give the name of a database role: 1 to 63 bytes.');
  }
  const name = `"${role.replaceAll('"', '""')}"`;
  return `-- The rights of the database role that Claviger runs as. Run this as the owner of its tables; running it again is safe.
BEGIN;

-- Nothing but what stands below, now or for tables to come. Partitions of the log are reached through the log only.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${name};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM ${name};
REVOKE CREATE ON SCHEMA public FROM ${name};
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM ${name};
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM ${name};

GRANT USAGE ON SCHEMA public TO ${name};
GRANT SELECT ON _prisma_migrations TO ${name};
GRANT SELECT, INSERT, UPDATE, DELETE ON providers, connections, attempts, spares, callers, caller_identities,
  api_keys, replicas TO ${name};
GRANT SELECT, INSERT, UPDATE ON encryption_keys TO ${name};
GRANT SELECT, INSERT, UPDATE ON database_identity TO ${name};
GRANT SELECT, UPDATE ON change_mark TO ${name};
GRANT SELECT, INSERT, UPDATE, DELETE ON marked_changes TO ${name};
GRANT SELECT, USAGE, UPDATE ON SEQUENCE rotation_epoch TO ${name};

-- The audit log: what is in it stays as it is.
GRANT SELECT, INSERT ON audit_events, audit_checkpoints TO ${name};
GRANT SELECT, INSERT, UPDATE ON audit_streams TO ${name};
GRANT SELECT, UPDATE ON audit_signer TO ${name};
GRANT SELECT ON audit_lines TO ${name};
GRANT USAGE ON SEQUENCE audit_streams_id_seq TO ${name};
GRANT EXECUTE ON FUNCTION audit_make_partitions(date, date), audit_drop_before(date) TO ${name};

COMMIT;
`;
}
