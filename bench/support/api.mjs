import { setTimeout as pause } from 'node:timers/promises';

/** One JSON request to a broker as its administrator; throws with the whole answer where it is refused. */
export async function call({ url, admin }, method, path, body) {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${admin}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  }
  return answer;
}

/** Resolves with what `look` comes to once that is truthy; throws after `withinMs`. */
export async function until(what, look, withinMs = 30_000, everyMs = 100) {
  for (const end = performance.now() + withinMs; performance.now() < end; await pause(everyMs)) {
    const found = await look();
    if (found) {
      return found;
    }
  }
  throw new Error(`It did not happen in time: ${what}`);
}
