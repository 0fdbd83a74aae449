const LOOK_AGAIN_MS = 25;

/** What `check` gives once it no longer throws; its last error where it still does after `ms` milliseconds. */
export async function eventually<Result>(check: () => Promise<Result> | Result, ms = 5000): Promise<Result> {
  const end = performance.now() + ms;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) {
        throw error;
      }
    }
    await new Promise((resolve) => void setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
