import { BrokerError, createLog, errorFacts, whenOrphaned } from '@app/common';
import { ConfigError, forgetSecrets, readConfig } from '@app/config';
import { KeyFileError } from '@app/crypto';
import { CleanUp } from './clean-up.js';
import { collectAfterStart } from './collect-after-start.js';
import { Ending } from './ending.js';
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

const ending = new Ending(cleanUp, log, process);
ending.listen();
whenOrphaned(() => {
  log.info('Stopping: the npm script that started this is gone.');
  void ending.begin(0);
});

try {
  process.stdout.write(`${await startBroker(config, cleanUp, log)}\n`);
  collectAfterStart();
} catch (error) {
  const known = error instanceof BrokerError || error instanceof KeyFileError;
  log.error('The broker cannot start.', errorFacts(error));
  tell(`Claviger cannot start. ${known ? error.message : 'The log line above says where it failed.'}`);
  await ending.begin(1);
}
