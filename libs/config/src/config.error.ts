import { type VariableName, VARIABLES } from './variables.js';

/** One variable that keeps Claviger from starting. */
export interface VariableProblem {
  readonly name: VariableName;
  readonly problem: string;
}

/** Everything that is missing or malformed in the environment, at once. `message` is the whole text for a person. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly VariableProblem[]) {
    super(
      [
        'Claviger cannot start: the environment needs attention.',
        ...problems.map(({ name, problem }) => {
          const { meaning, example } = VARIABLES[name];
          return `\n  ${name} ${problem}\n      ${meaning}\n      Example: ${name}=${example}`;
        }),
        '\nEvery variable is explained in docs/configuration.md.',
      ].join('\n'),
    );
  }
}
