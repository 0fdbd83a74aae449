import { createLog } from '@app/common';
import { readConfig, TIMING, type Timing } from '@app/config';
import { CleanUp } from '../../../apps/broker/src/clean-up.js';
import { Ending } from '../../../apps/broker/src/ending.js';
import { shiftClock } from './shift-clock.js';

/** A broker as users run it, with the times of the protocol (FAULT_TIMING) and its clock (FAULT_CLOCK_MS) as a test wants them. */
shiftClock(Number(process.env['FAULT_CLOCK_MS'] ?? 0));

const shortened = JSON.parse(process.env['FAULT_TIMING'] ?? '{}') as Partial<Timing>;
const config = { ...readConfig(process.env), timing: { ...TIMING, ...shortened } };
const log = createLog(config.logLevel);
const cleanUp = new CleanUp(log);

new Ending(cleanUp, log, process).listen();
/** What no test can provoke from outside: something of ours that nobody catches. */
process.on('SIGUSR2', () => void Promise.reject(new Error('nobody catches this')));
/** Ends with the test that started it, however that died: its end of the pipe closes. */
process.stdin.on('close', () => process.exit(1)).resume();

// Read only now, so that every module sees the shifted clock.
const { startBroker } = await import('../../../apps/broker/src/start-broker.js');
process.stdout.write(`${await startBroker(config, cleanUp, log)}\n`);
