import type { ConnectionName, Secret } from '@app/common';

/** What a person who starts the broker in development is told. */
export interface Greeting {
  readonly url: string;
  readonly sandboxUrl: string | undefined;
  readonly dataDir: string;
  readonly adminKey: Secret;
  readonly demos: readonly ConnectionName[];
}

/** The text: addresses, the key, and one command a provider that works as printed. */
export function greetingText({ url, sandboxUrl, dataDir, adminKey, demos }: Greeting): string {
  const key = adminKey.reveal();
  const commands = demos.map(
    ({ provider, connection }) =>
      `  curl -s -H 'Authorization: Bearer ${key}' '${url}/providers/${provider}/token?connection=${connection}'`,
  );
  const how = [
    '  No demo connections without the sandbox. Store one of your own:',
    `  PUT ${url}/admin/providers/{provider}/connections/{connection}`,
  ];
  return [
    '',
    'Claviger is running, for development.',
    '',
    `  Broker             ${url}`,
    `  API documentation  ${url}/docs`,
    `  Sandbox            ${sandboxUrl ?? 'off'}`,
    `  Data               ${dataDir}`,
    `  Admin key          ${key}`,
    `                     (also in ${dataDir}/admin.key)`,
    '',
    'Get a token of each provider:',
    '',
    ...(commands.length > 0 ? commands : how),
    '',
    'Stop with Ctrl-C.',
    '',
  ].join('\n');
}
