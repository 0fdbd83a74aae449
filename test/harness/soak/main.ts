// Two hundred connections and three replicas, to which something happens all the time: npm run soak -- [minutes] [--seed N] [--report]
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptions } from './options.js';
import { type Report, runSoak } from './run-soak.js';
import { prepareSoak } from './soak.js';

const MOST_TOLD = 3;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const { minutes, seed, report: wantsReport } = readOptions(process.argv.slice(2));
say(
  `Soak: ${minutes} min, seed ${seed} (--seed ${seed} draws the same events again; what they meet depends on the moment).`,
);
const soak = await prepareSoak(seed);
if (soak.pace > 1) {
  say(`This machine is slow to start a broker: things happen ${soak.pace.toFixed(1)} times more slowly.`);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void soak.end().finally(() => process.exit(130)));
}

try {
  const report = await runSoak(soak, minutes, say);
  const failed = report.assertions.filter(({ holds }) => !holds).length;
  if (failed > 0 || wantsReport) {
    await tellMore(report);
  }
  say(`Soak: ${report.assertions.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await soak.end();
}

/** The histories of those that went wrong: a few here, all in a folder beside what the brokers printed. */
async function tellMore({ histories, allHistories }: Report): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), `claviger-soak-report-${seed}-`));
  for (const { replica, number } of soak.fleet.members) {
    await writeFile(join(folder, `replica-${number}.log`), replica.output());
  }
  await writeFile(join(folder, 'histories.txt'), `${histories.join('\n\n')}\n`);
  await writeFile(join(folder, 'all-histories.txt'), `${allHistories.join('\n\n')}\n`);
  await writeFile(join(folder, 'happened.json'), JSON.stringify(soak.chaos.happened, null, 1));
  histories.slice(0, MOST_TOLD).forEach((history) => say(`${history}\n`));
  say(
    `The histories of ${histories.length} connections that show what failed, of all others, and what the brokers printed: ${folder}`,
  );
}
