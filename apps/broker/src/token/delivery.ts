import type { ServerResponse } from 'node:http';

/** Calls `lost` where the connection ends before the whole answer was handed to the system. At most once. */
export function onUndelivered({ raw }: { readonly raw: ServerResponse }, lost: () => void): void {
  if (raw.destroyed || raw.socket?.destroyed === true) {
    lost();
    return;
  }
  raw.once('close', () => {
    if (!raw.writableFinished) {
      lost();
    }
  });
}
