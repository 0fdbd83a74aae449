import { rm } from 'node:fs/promises';

/** The end of the run: the server stops and its folder goes. */
export default async function stopPostgres() {
  const postgres = globalThis.clavigerPostgres;
  if (postgres === undefined) {
    return;
  }
  globalThis.clavigerPostgres = undefined;
  await postgres.stop();
  await rm(postgres.directory, { recursive: true, force: true });
}
