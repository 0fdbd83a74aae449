// Another program of the benchmarks as a process of its own that is told what to do, one thing at a time.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts bench/support/`program`. `tell(what, parts)` resolves with its answer. */
export function startProgram(program) {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${program} ended with ${code}`)));
  ended.catch(() => {});
  return {
    pid: child.pid,
    tell: async (what, parts = {}) => {
      child.send({ what, ...parts });
      const [answer] = await Promise.race([once(child, 'message'), ended]);
      return answer;
    },
    stop: async () => {
      child.disconnect();
      await ended.catch(() => {});
    },
  };
}
