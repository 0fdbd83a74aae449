import { createProgram } from './program.js';
import type { Terminal } from './terminal.js';

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

try {
  await createProgram(terminal).parseAsync();
} catch (error) {
  terminal.err(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
