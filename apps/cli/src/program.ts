import { Command } from 'commander';
import { addApiKey } from './api-key.command.js';
import { addAudit } from './audit.command.js';
import { addDatabase } from './database.command.js';
import { addKeys } from './keys.command.js';
import { addReconcile } from './reconcile.command.js';
import type { Terminal } from './terminal.js';

/** The command line `claviger`, writing to this terminal. Parsing it rejects with what went wrong. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('claviger')
    .description("The operator's commands of Claviger, the auth broker.")
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError('(--help shows what is possible)');
  addKeys(program, terminal);
  addApiKey(program, terminal);
  addDatabase(program, terminal);
  addReconcile(program, terminal);
  addAudit(program, terminal);
  return program;
}
