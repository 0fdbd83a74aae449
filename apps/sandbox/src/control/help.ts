/** What `GET /_sandbox/` answers: every call, in one screen. */
export const controlHelp = (url: string, providers: readonly string[]) => ({
  about: 'The control API of the sandbox. Bodies are JSON; values in [] may be left out.',
  providers: Object.fromEntries(providers.map((provider) => [provider, `${url}/${provider}`])),
  calls: {
    'POST /_sandbox/credentials':
      '{ provider, [ttl_seconds], [refresh_ttl_seconds], [old_token_dies], [rotation], [grace_seconds], [ttl_as_string], [settings], [secrets], [credential] } → 201 { id, provider, type, settings, secrets, credential }, ready for the broker',
    'GET /_sandbox/credentials · GET /_sandbox/credentials/{id}': 'their state, without secrets',
    'PATCH /_sandbox/credentials/{id}':
      '{ [ttl_seconds], [refresh_ttl_seconds], [old_token_dies], [rotation], [grace_seconds], [ttl_as_string] }, for tokens issued from now on',
    'POST /_sandbox/credentials/{id}/expire': '{ [part]: access | refresh | all } → 204',
    'POST /_sandbox/credentials/{id}/revoke': '{ [part]: access | refresh | keys | all } → 204',
    'POST /_sandbox/tokens': '{ token } → { provider, credential, kind, live, expires_at }',
    'GET /_sandbox/requests?provider=&credential=&step=':
      'requests received, oldest first: { items: [{ seq, at, provider, method, path, credential, step, processed, answer, status, fault }] }',
    'DELETE /_sandbox/requests': 'forgets them',
    'POST /_sandbox/faults':
      '{ provider, [count], fault: { kind, [step], [credential], [delay_ms], … } }; kinds: delay, delay_answer, stall (ms) · respond (status, [headers], [body], [processed]) · answer (id) · modify ([status], [headers], [set], [delete], [body]) · flood (bytes, [chunked], [processed]) · truncate · close_before, close_after ([reset]) · rate_limited ([retry_after]) · redirect ([status], [location])',
    'GET /_sandbox/faults · DELETE /_sandbox/faults?provider=': 'those still queued · forgets them',
    'POST /_sandbox/reset': 'forgets credentials, requests and faults',
  },
  documentation: 'apps/sandbox/README.md',
});
