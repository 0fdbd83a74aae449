import type { LoggerService } from '@nestjs/common';
import { errorFacts, type Log } from '@app/common';

/** What Nest itself has to say goes to our log: its errors without their texts, which may quote what was sent. */
export const nestLogger = (log: Log): LoggerService => ({
  log: () => undefined,
  warn: () => log.warn('The framework warned.'),
  error: (...facts: readonly unknown[]) => log.error('The framework reported an error.', errorFacts(facts[0])),
});
