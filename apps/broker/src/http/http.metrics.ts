import { HotCounter } from '@app/common';
import { Histogram } from 'prom-client';

/** Requests, by route as it is declared (never by path, which holds names). */
const httpRequests = new HotCounter({
  name: 'claviger_http_requests_total',
  help: 'HTTP requests, by method, route and status.',
  labelNames: ['method', 'route', 'status'],
});

/** Time from the request to the end of its answer. */
const httpSeconds = new Histogram({
  name: 'claviger_http_request_seconds',
  help: 'Time to answer an HTTP request, by method and route.',
  labelNames: ['method', 'route'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
});

/** An answer that was handed to the system. `route` is undefined where none matched. */
export function countAnswer(method: string, route: string | undefined, status: number, seconds: number): void {
  const known = route ?? 'none';
  httpRequests.inc(method, known, String(status));
  httpSeconds.observe({ method, route: known }, seconds);
}
