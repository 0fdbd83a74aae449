import { BrokerError, createLog, errorFacts, whenOrphaned } from '@app/common';
import { ConfigError, forgetSecrets, readConfig } from '@app/config';
import { KeyFileError } from '@app/crypto';
import { CleanUp } from './clean-up.js';
import { startBroker } from './start-broker.js';

/** The person who started this is told on standard error, in plain words; everything else goes to the log. */
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

function readEnvironment(): ReturnType<typeof readConfig> {
  try {
    return readConfig(process.env);
  } catch (error) {
    tell(error instanceof ConfigError ? error.message : String(error));
    process.exit(1);
  }
}

const config = readEnvironment();
forgetSecrets(process.env);
const log = createLog(config.logLevel);
const cleanUp = new CleanUp(log);

const stop = async (code: number): Promise<never> => {
  await cleanUp.run();
  process.exit(code);
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    log.info('Stopping.', { signal });
    void stop(0);
  });
}
whenOrphaned(() => {
  log.info('Stopping: the npm script that started this is gone.');
  void stop(0);
});
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    log.error('Something failed that nothing expected; the broker stops.', { source: event, ...errorFacts(error) });
    void stop(1);
  });
}

try {
  process.stdout.write(`${await startBroker(config, cleanUp, log)}\n`);
} catch (error) {
  const known = error instanceof BrokerError || error instanceof KeyFileError;
  log.error('The broker cannot start.', errorFacts(error));
  tell(`Claviger cannot start. ${known ? error.message : 'The log line above says where it failed.'}`);
  await stop(1);
}
