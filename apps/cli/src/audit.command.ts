import type { Command } from 'commander';
import { addAuditFollow } from './audit-follow.command.js';
import { addAuditVerification } from './audit-verify.command.js';
import type { Terminal } from './terminal.js';

/** Adds `audit …`: the log. */
export function addAudit(program: Command, terminal: Terminal): void {
  const audit = program.command('audit').description('the audit log');
  addAuditFollow(audit, terminal);
  addAuditVerification(audit, terminal);
}
