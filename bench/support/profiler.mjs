// Loaded into a process by --import: writes its CPU profile from one SIGUSR2 to the next into the file that PROFILE_FILE names, so
// that what is seen is the load and not the start.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { isMainThread } from 'node:worker_threads';

const EVERY_MICROS = 200;

if (isMainThread && process.env.PROFILE_FILE !== undefined) {
  const session = new Session();
  session.connect();
  let running = false;
  process.on('SIGUSR2', async () => {
    if (running) {
      const { profile } = await session.post('Profiler.stop');
      writeFileSync(process.env.PROFILE_FILE, JSON.stringify(profile));
    } else {
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: EVERY_MICROS });
      await session.post('Profiler.start');
    }
    running = !running;
  });
}
