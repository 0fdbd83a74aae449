import { Ajv } from 'ajv';
import type { AnswersFile, Rule } from './answers-file.js';
import { ANSWERS_SCHEMA } from './answers.schema.js';

const isAnswersFile = new Ajv({ allowUnionTypes: true }).compile<AnswersFile>(ANSWERS_SCHEMA);

/**
 * What was read, once it is certain that requests can be served from it.
 * @throws a sentence that names the file, the place and what is wrong there.
 */
export function checkAnswers(name: string, file: unknown): AnswersFile {
  if (!isAnswersFile(file)) {
    const [first] = isAnswersFile.errors ?? [];
    throw new Error(
      `${name}: ${first?.instancePath || '/'} ${first?.message ?? 'is malformed'}. See answers/README.md.`,
    );
  }
  if (`${file.provider}.json` !== name) {
    throw new Error(`${name}: provider is "${file.provider}", so the file must be called ${file.provider}.json.`);
  }
  const general = file.errors.map((answer) => answer.id);
  if (!general.includes('unknown_route')) {
    throw new Error(`${name}: /errors has no answer with the id unknown_route; add one for paths that are not served.`);
  }
  if (file.sandbox.rotation === 'grace' && file.sandbox.grace_seconds === undefined) {
    throw new Error(`${name}: /sandbox has the rotation "grace" without grace_seconds; say how long the grace is.`);
  }
  checkRules(name, '/mock_rules', file.mock_rules, general);
  file.bootstrap.forEach((call, index) =>
    checkRules(name, `/bootstrap/${index}/mock_rules`, call.mock_rules, [
      ...general,
      ...call.errors.map(({ id }) => id),
    ]),
  );
  return file;
}

function checkRules(name: string, place: string, rules: readonly Rule[], answers: readonly string[]): void {
  rules.forEach(({ respond }, index) => {
    if (respond !== 'success' && !answers.includes(respond)) {
      throw new Error(`${name}: ${place}/${index} responds "${respond}", which is no id of an answer in the file.`);
    }
  });
  if (rules.at(-1)?.if.join(' ') !== 'otherwise') {
    throw new Error(`${name}: ${place} must end with the condition "otherwise", so that every request has an answer.`);
  }
}
