// An operator who changes connections all the time, as where accounts are connected all day.
import { setTimeout as pause } from 'node:timers/promises';
import { call } from './api.mjs';

/**
 * Pauses and resumes these connections (`{ provider, names }`) in turn through this broker, so many changes a second, until what it returns
 * is called: that resolves with how many were made.
 */
export function keepChanging(broker, { provider, names, perSecond }) {
  const ending = new AbortController();
  let made = 0;
  const change = (name, action) => call(broker, 'POST', `/admin/providers/${provider}/connections/${name}/${action}`);
  const work = async () => {
    for (let next = performance.now(); !ending.signal.aborted; next += 2000 / perSecond) {
      await pause(Math.max(0, next - performance.now()));
      const name = names[(made / 2) % names.length];
      await change(name, 'pause');
      await change(name, 'resume');
      made += 2;
    }
  };
  const working = work();
  return async () => {
    ending.abort();
    await working;
    return made;
  };
}
