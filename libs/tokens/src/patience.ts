import type { BrokerError } from '@app/common';

/** `work`, or the error once so many milliseconds have passed. The work itself goes on. */
export async function patiently<Result>(work: Promise<Result>, ms: number, late: () => BrokerError): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, impatience]);
  } finally {
    clearTimeout(timer);
  }
}
