import { createLog, errorFacts } from '@app/common';
import { readConfig, TIMING, type Timing } from '@app/config';
import { CleanUp } from '../../../apps/broker/src/clean-up.js';
import { shiftClock } from './shift-clock.js';

/** A broker as users run it, with the times of the protocol (FAULT_TIMING) and its clock (FAULT_CLOCK_MS) as a test wants them. */
shiftClock(Number(process.env['FAULT_CLOCK_MS'] ?? 0));

const shortened = JSON.parse(process.env['FAULT_TIMING'] ?? '{}') as Partial<Timing>;
const config = { ...readConfig(process.env), timing: { ...TIMING, ...shortened } };
const log = createLog(config.logLevel);
const cleanUp = new CleanUp(log);

const stop = async (code: number): Promise<never> => {
  await cleanUp.run();
  process.exit(code);
};

process.on('SIGTERM', () => void stop(0));
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    log.error('Something failed that nothing expected; the broker stops.', { source: event, ...errorFacts(error) });
    void stop(1);
  });
}
/** Ends with the test that started it, however that died: its end of the pipe closes. */
process.stdin.on('close', () => process.exit(1)).resume();

// Read only now, so that every module sees the shifted clock.
const { startBroker } = await import('../../../apps/broker/src/start-broker.js');
process.stdout.write(`${await startBroker(config, cleanUp, log)}\n`);
