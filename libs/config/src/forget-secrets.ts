import type { VariableName } from './variables.js';

const SECRETS = ['KEYS', 'VAULT_TOKEN'] as const satisfies readonly VariableName[];

/** Takes keys out of the environment, once they are read: what this process starts does not inherit them. */
export function forgetSecrets(env: Record<string, string | undefined>): void {
  for (const name of SECRETS) {
    delete env[name];
  }
}
