import { KeyServiceError } from './key-service-error.js';

/** So long a key service may take, all in all: callers are answered within a second. */
const DEADLINE_MS = 900;

/** What `ask` gives. @throws KeyServiceError where it takes longer; its signal is aborted then, and it is not waited for. */
export async function withinDeadline<Result>(
  service: string,
  ask: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      abort.abort();
      reject(new KeyServiceError(service, 'does not answer in time'));
    }, DEADLINE_MS);
  });
  try {
    return await Promise.race([ask(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
