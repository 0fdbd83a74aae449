export { Config, type KeyServiceConfig, type VaultConfig } from './config.js';
export { ConfigError, type VariableProblem } from './config.error.js';
export { ConfigModule } from './config.module.js';
export { forgetSecrets } from './forget-secrets.js';
export { type Timing, TIMING } from './timing.js';
export { readConfig } from './read-config.js';
export { type Variable, type VariableName, VARIABLES } from './variables.js';
