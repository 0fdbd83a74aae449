import { Counter, Gauge } from 'prom-client';

/** Requests refused with 429, by what ran out; never by name. */
export const rateLimited = new Counter({
  name: 'claviger_rate_limited_total',
  help: 'Requests refused with 429, by limit (caller, source).',
  labelNames: ['limit'],
});

/** Requests refused because this process could not keep up. */
export const overloadRefusals = new Counter({
  name: 'claviger_overload_refusals_total',
  help: 'Requests refused with 503 because the event loop lagged.',
});

/** Whether it refuses requests for that now. */
export const overloaded = new Gauge({
  name: 'claviger_overloaded',
  help: '1 while requests are refused because the event loop lags, else 0.',
});
