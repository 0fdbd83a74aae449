import type { Socket } from 'node:net';

/** What became of the first byte. */
export interface FirstWrite {
  /** It was sent, or is about to be. */
  readonly passed: boolean;
  /** It was not, as the right to send it had lapsed; the socket is closed then. */
  readonly refused: boolean;
}

/**
 * Asks in the very call that would send the next byte. Between the last look and that call lie turns of the event loop, in which a
 * process can be frozen for minutes; nothing can look later than this.
 */
export function guardFirstWrite(socket: Socket, mayWrite: () => boolean): FirstWrite {
  const gate = { passed: false, refused: false };
  const guarded = (...args: readonly unknown[]): boolean => {
    // The class's own method is what is found from here on.
    Reflect.deleteProperty(socket, 'write');
    gate.passed = mayWrite();
    gate.refused = !gate.passed;
    if (gate.passed) {
      return (socket.write as (...args: readonly unknown[]) => boolean)(...args);
    }
    socket.destroy(new Error('The right to send has lapsed.'));
    return false;
  };
  Object.assign(socket, { write: guarded });
  return gate;
}
