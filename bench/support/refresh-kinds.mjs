// The kinds of credentials whose renewals are measured: one that stays, and one that can be used only once.

/**
 * `together`: how many attempts of one statement, which the baseline shares as well, counted by pg_stat_statements. `processes`: the
 * numbers of brokers that renew them.
 */
export const KINDS = [
  {
    name: 'static',
    type: 'berbix',
    settings: (url) => ({ base_url: url }),
    credential: { refresh_token: 'unique' },
    secrets: { api_secret: 'an-api-secret-of-the-bench' },
    oneShot: false,
    // Of one statement, as measured (pg_stat_statements): 7.8 claimed, 7.9 opened, 3.3 to 4.1 adopted, 7.4 rows of the log.
    together: { claimed: 8, adopted: 4, logged: 8 },
    processes: [1, 3],
  },
  {
    name: 'strict, rotating',
    type: 'oauth2',
    settings: (url) => ({ token_url: `${url}/token`, client_id: 'bench', rotation: 'strict' }),
    credential: { refresh_token: 'unique' },
    secrets: { client_secret: 'a-client-secret-of-the-bench' },
    oneShot: true,
    // As measured: 7.7 claimed, 7.8 opened, 3.7 marked as sent, 2.8 adopted, 6.1 rows of the log.
    together: { claimed: 8, sent: 4, adopted: 4, logged: 8 },
    processes: [3],
  },
];
