import { describe, expect, it } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { HotCounter } from './hot-counter.js';

const REQUESTS = { name: 'requests_total', help: 'Requests.', labelNames: ['method', 'status'] as const };

describe(HotCounter.name, () => {
  it('should show what a counter of prom-client shows, however often it is read', async () => {
    const [own, other] = [new Registry(), new Registry()];
    const hot = new HotCounter({ ...REQUESTS, registers: [own] });
    const counter = new Counter({ ...REQUESTS, registers: [other] });
    const count = (method: string, status: string) => {
      hot.inc(method, status);
      counter.inc({ method, status });
    };
    for (const status of ['200', '404', '200']) {
      count('GET', status);
    }
    expect(await own.metrics()).toBe(await other.metrics());
    count('GET', '404');
    count('POST', '200');
    await own.metrics();
    expect(await own.metrics()).toBe(await other.metrics());
    expect(await own.metrics()).toContain('requests_total{method="GET",status="404"} 2\n');
  });

  it('should take one value for each label', () => {
    const hot = new HotCounter({ ...REQUESTS, registers: [new Registry()] });
    expect(() => hot.inc('GET')).toThrow('1 values for the labels method, status');
  });
});
