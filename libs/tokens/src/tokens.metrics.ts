import { HotCounter } from '@app/common';
import { Counter, Gauge, Histogram } from 'prom-client';

/** Tokens handed out, by where they came from. */
export const tokensIssued = new HotCounter({
  name: 'claviger_tokens_issued_total',
  help: 'Tokens handed out, by provider and source (cache, refresh).',
  labelNames: ['provider', 'source'],
});

/** Requests for a token that got none. */
export const tokensRefused = new Counter({
  name: 'claviger_tokens_refused_total',
  help: 'Requests for a token that were refused, by problem code.',
  labelNames: ['code'],
});

/** Attempts, by what they came to. */
export const refreshes = new Counter({
  name: 'claviger_refreshes_total',
  help: 'Attempts at a refresh, by provider, outcome and reason.',
  labelNames: ['provider', 'outcome', 'reason'],
});

/** Time that providers take. */
export const refreshSeconds = new Histogram({
  name: 'claviger_refresh_seconds',
  help: 'Time from the send of a refresh to its answer.',
  labelNames: ['provider'],
  buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
});

/** Circuits of providers, as this replica sees them. */
export const circuitState = new Gauge({
  name: 'claviger_provider_circuit',
  help: 'Circuit of a provider as this replica sees it: 0 closed, 1 half open, 2 open.',
  labelNames: ['provider'],
});

/** Look-ups in the cache of opened tokens. */
export const cacheLookups = new HotCounter({
  name: 'claviger_cache_lookups_total',
  help: 'Look-ups in the token cache, by result (hit, miss).',
  labelNames: ['result'],
});

/** Entries of that cache. */
export const cacheEntries = new Gauge({ name: 'claviger_cache_entries', help: 'Connections held in the token cache.' });

/** Connections by state, at the time of the scrape. */
export const connectionsByState = new Gauge({
  name: 'claviger_connections',
  help: 'Connections, by provider and state.',
  labelNames: ['provider', 'state'],
});

/** Seconds until the first token of a provider expires; negative where one has. */
export const secondsToNextExpiry = new Gauge({
  name: 'claviger_seconds_to_next_expiry',
  help: 'Seconds until the first token of a provider expires, among active connections.',
  labelNames: ['provider'],
});
