import type { HeldCheckpoints } from '@app/audit';
import { parseCheckpoint, type SignedCheckpoint } from '../../libs/audit/src/chain/checkpoint.js';

/** These, as if they were held outside the database. */
export function heldOutside(checkpoints: readonly SignedCheckpoint[]): HeldCheckpoints {
  const byNumber = new Map(checkpoints.map((each) => [parseCheckpoint(each.body).number, each]));
  return { newest: Math.max(...byNumber.keys()), find: (number) => byNumber.get(number) };
}
