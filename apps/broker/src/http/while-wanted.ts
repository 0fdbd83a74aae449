import { BrokerError } from '@app/common';
import type { Draining } from '../health/draining.js';
import { onOver } from './on-over.js';
import type { BrokerReply } from './request.js';

/** Aborted when nobody waits for this answer any more, or the broker stops: for what takes long. */
export function whileWanted({ raw }: BrokerReply, { stopping }: Draining): AbortSignal {
  const gone = new AbortController();
  onOver(raw, () => gone.abort(new BrokerError('invalid_request', 'The caller went away before the answer.')));
  return AbortSignal.any([gone.signal, stopping]);
}
