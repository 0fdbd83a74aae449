import { clavigerContender } from './claviger.contender.js';
import type { Contender } from './contender.js';
import { strategyContender } from './strategy.contender.js';

/** The columns of the table, from left to right. */
export const CONTENDERS: readonly Contender[] = [
  strategyContender('read-send-write', 'read–send–write'),
  strategyContender('for-update', '`SELECT … FOR UPDATE`'),
  strategyContender('advisory-lock', 'advisory lock'),
  strategyContender('fenced-lease', 'fenced lease'),
  clavigerContender,
];
