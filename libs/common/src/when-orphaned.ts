const LOOK_EVERY_MS = 250;

/**
 * Calls `listener` once when the process that started this one is gone. npm runs scripts in a shell that does not pass SIGTERM on:
 * the shell dies, and its program would live for ever. Outside npm scripts (a container, a service manager) it does nothing.
 */
export function whenOrphaned(listener: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) {
    return;
  }
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(timer);
      listener();
    }
  }, LOOK_EVERY_MS);
  timer.unref();
}
