import type { ServerResponse } from 'node:http';
import { onOver } from '../http/on-over.js';

/** Calls `lost` where the connection ends before the whole answer was handed to the system. At most once. */
export function onUndelivered({ raw }: { readonly raw: ServerResponse }, lost: () => void): void {
  // The request's socket: an answer that is queued behind another one has none yet.
  if (raw.destroyed || raw.req.socket.destroyed) {
    lost();
    return;
  }
  onOver(raw, () => {
    if (!raw.writableFinished) {
      lost();
    }
  });
}
