import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiKeyService, Authenticator, CallerService, newApiKey, NO_FIELDS } from '@app/callers';
import { Secret } from '@app/common';
import type { Config } from '@app/config';

const SYSTEM = { actor: { type: 'system' } } as const;
const DEVELOPER = {
  ...NO_FIELDS,
  description: 'you, in development',
  roles: ['admin', 'auditor'],
  rules: ['*/*'],
} as const;

/**
 * An administrator's key for development, which may also read every token: BOOTSTRAP_ADMIN_KEY, or the one kept in
 * `DATA_DIR/admin.key` (0600), or a new one. Made valid where it is not, and kept there.
 */
export async function developerKey(config: Config, app: NestFastifyApplication): Promise<Secret> {
  const file = join(config.dataDir, 'admin.key');
  const kept = await readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
  const wanted = config.bootstrapAdminKey ?? (kept === undefined ? newApiKey().text : new Secret(kept));
  const key = await makeValid(wanted, app);
  await writeFile(file, `${key.reveal()}\n`, { mode: 0o600 });
  return key;
}

async function makeValid(key: Secret, app: NestFastifyApplication): Promise<Secret> {
  const callers = app.get(CallerService);
  if (await callers.ensureAdmin(key)) {
    await callers.put(SYSTEM, 'admin', DEVELOPER);
    return key;
  }
  const isValid = await app
    .get(Authenticator)
    .authenticate(key.reveal())
    .then(
      () => true,
      () => false,
    );
  if (isValid) {
    return key;
  }
  await callers.put(SYSTEM, 'admin', DEVELOPER);
  return (await app.get(ApiKeyService).issue(SYSTEM, 'admin', null)).key;
}
