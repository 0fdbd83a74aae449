import { AuditLog } from '@app/audit';
import { BrokerError, createLog, errorFacts, Log } from '@app/common';
import type { Config } from '@app/config';
import {
  AuditKnowledge,
  type Candidate,
  JoinedKnowledge,
  KeysRepository,
  KnownEpochs,
  type KnowledgeSource,
  type ReconcileLine,
  Reconciler,
  RestoreGuard,
  RestoreRepository,
  SpoolKnowledge,
} from '@app/connections';
import { Envelopes, Keyring } from '@app/crypto';
import { Database, missingMigrations } from '@app/database';
import { ProviderRegistry } from '@app/providers';
import { readAuditFile } from './reconcile.audit-file.js';
import type { ReconcileInput } from './reconcile.command.js';
import { type Parts, withParts } from './reconcile.module.js';
import { isLeft, summaryOf, tableOf } from './reconcile.table.js';
import type { Terminal } from './terminal.js';

/**
 * Reconciles a restored database and prints what became of each connection. Answers how many need a person.
 * @throws BrokerError where nothing could be done at all, and why.
 */
export async function runReconcile(
  config: Config,
  input: ReconcileInput,
  terminal: Terminal,
): Promise<{ readonly left: number }> {
  if (config.databaseUrl === undefined) {
    throw new BrokerError('storage_unavailable', 'Set DATABASE_URL to the database that was restored.');
  }
  const log = createLog(config.logLevel, { write: (line) => terminal.err(line) });
  return withParts(config, log, async (parts) => {
    await requireMigrated(parts.get(Database));
    await followKeys(parts);
    const spools = await readSpools(input.spools, parts.get(Envelopes));
    await requireQuarantine(parts, spools, input.dryRun, log);
    const candidates = await parts.get(Reconciler).candidates();
    const lines = await reconcileAll(
      parts.get(Reconciler),
      candidates,
      await sourceOf(spools, candidates, input),
      input,
    );
    terminal.out(lines.length === 0 ? 'No connection waits to be reconciled.\n' : tableOf(lines));
    terminal.err(lines.length === 0 ? '' : summaryOf(lines, input.dryRun));
    return { left: lines.filter(isLeft).length };
  });
}

async function requireMigrated({ requestPool }: Database): Promise<void> {
  if ((await missingMigrations(requestPool)).length > 0) {
    const detail =
      'The database is not at this version: start a broker on it once, which migrates it, and run this again.';
    throw new BrokerError('conflict', detail);
  }
}

/** What seals is what seals for the brokers; a database that was never told its keys has those of the key file. */
async function followKeys(parts: Parts): Promise<void> {
  const keys = await parts.get(KeysRepository).all();
  if (keys.length > 0) {
    parts.get(Keyring).follow(keys);
  }
}

async function readSpools(paths: readonly string[], envelopes: Envelopes): Promise<SpoolKnowledge> {
  const spools = await SpoolKnowledge.read(paths, envelopes).catch((error: unknown) => {
    const { error_code: code = 'unknown error' } = errorFacts(error);
    throw new BrokerError('invalid_request', `A spool folder cannot be read (${code}): ${paths.join(', ')}`);
  });
  if (spools.damaged.length > 0) {
    const names = spools.damaged.slice(0, 5).join(', ');
    throw new BrokerError(
      'invalid_request',
      `${spools.damaged.length} files of the spool are damaged, and what they knew is not known: ${names}. Restore them; or move ` +
        'them away, and see which connections are refused afterwards.',
    );
  }
  return spools;
}

/** What a broker does at its start: nothing may be released that is not quarantined yet. */
async function requireQuarantine(parts: Parts, spools: SpoolKnowledge, dryRun: boolean, log: Log): Promise<void> {
  const epochs = new KnownEpochs();
  spools.epochs.forEach(({ database, epoch }) => epochs.note(database, epoch));
  const spool = { knownEpochs: () => epochs, newest: () => spools.newest(), follow: () => Promise.resolve() };
  const registry = parts.get(ProviderRegistry);
  const guard = new RestoreGuard(parts.get(RestoreRepository), spool, registry, parts.get(AuditLog), log);
  if (!dryRun) {
    return guard.check();
  }
  if ((await guard.findReason()) !== undefined) {
    const detail =
      'The database was restored and nothing is quarantined yet: start a broker, or run this without --dry-run.';
    throw new BrokerError('conflict', detail);
  }
}

async function sourceOf(
  spools: SpoolKnowledge,
  candidates: readonly Candidate[],
  { audits, trustDatabase }: ReconcileInput,
): Promise<KnowledgeSource | undefined> {
  if (trustDatabase) {
    return undefined;
  }
  const audit = new AuditKnowledge(candidates);
  for (const path of audits) {
    for await (const event of readAuditFile(path)) {
      audit.add(event);
    }
  }
  return new JoinedKnowledge([spools, audit]);
}

async function reconcileAll(
  reconciler: Reconciler,
  candidates: readonly Candidate[],
  source: KnowledgeSource | undefined,
  { dryRun }: ReconcileInput,
): Promise<readonly ReconcileLine[]> {
  const lines: ReconcileLine[] = [];
  for (const candidate of candidates) {
    lines.push(await reconciler.reconcile(candidate, source, dryRun));
  }
  return lines;
}
