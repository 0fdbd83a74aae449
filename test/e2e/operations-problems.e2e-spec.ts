import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STATUS } from '../../apps/broker/src/http/problem.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { type OpenApi, readOpenApi, type Response, type Route, routesOf } from '../support/openapi.js';
import { MEMBERS, OPTIONAL } from '../support/problem.js';

const nameOf = ({ method, path }: Pick<Route, 'method' | 'path'>): string => `${method} ${path}`;
/** Where If-Match guards against lost updates: http.md, "ETags". */
const GUARDED = [
  ...['providers/{provider}', 'providers/{provider}/connections/{connection}', 'callers/{caller}'].flatMap((thing) =>
    ['PUT', 'PATCH', 'DELETE'].map((method) => `${method} /admin/${thing}`),
  ),
  'POST /admin/providers/{provider}/confirm-hosts',
  'POST /admin/providers/{provider}/connections/{connection}/confirm-hosts',
];
const isKeyed = ({ operation }: Route): boolean => (operation.security ?? []).length > 0;
const takesBody = ({ operation }: Route): boolean => operation.requestBody !== undefined;
const isToken = ({ path }: Route): boolean => path.endsWith('/token');
/** Which operations have which refusal. */
const REFUSALS: Readonly<Record<string, (route: Route) => boolean>> = {
  400: () => true,
  401: isKeyed,
  403: ({ path }) => /^\/(admin|audit)\//.test(path),
  404: ({ path }) => path.includes('{'),
  409: (route) =>
    isToken(route) || route.path === '/audit/verify' || (route.path.startsWith('/admin/') && route.method !== 'GET'),
  412: (route) => GUARDED.includes(nameOf(route)),
  413: takesBody,
  415: takesBody,
  429: isKeyed,
  502: isToken,
  503: isKeyed,
  504: isToken,
};
const isProblem = (content: Response['content']): boolean =>
  content?.['application/problem+json']?.schema.$ref === '#/components/schemas/Problem';

let broker: TestBroker;
let document: OpenApi;
let routes: Route[];

beforeAll(async () => {
  broker = await startBroker();
  document = await readOpenApi(broker);
  routes = routesOf(document);
});

afterAll(() => broker?.stop());

describe('the description of what is refused', () => {
  it('should have the problem document, with every code there is', () => {
    const { Problem } = document.components.schemas;

    expect(Object.keys(Problem?.properties ?? {}).toSorted()).toEqual([...MEMBERS, ...OPTIONAL].toSorted());
    expect(Problem?.required?.toSorted()).toEqual(MEMBERS);
    expect(Problem?.properties?.['code']?.enum?.toSorted()).toEqual(Object.keys(STATUS).toSorted());
  });

  it('should say of every operation how it refuses', () => {
    for (const { method, path, operation } of routes) {
      const { default: general, ...own } = operation.responses;
      const refusals = Object.entries(own).filter(
        ([status, { content }]) => Number(status) >= 400 && isProblem(content),
      );
      const expected = Object.keys(REFUSALS).filter(
        (status) => REFUSALS[status]?.({ method, path, operation }) === true,
      );
      const statuses = refusals.map(([status]) => status);

      expect(isProblem(general?.content)).toBe(true);
      expect([method, path, ...statuses]).toEqual([method, path, ...expected]);
      expect(refusals.map(([, { description }]) => description).every((words) => /`\w+`/.test(words))).toBe(true);
    }
  });

  it('should say which refusals name a time to wait, and which a scheme', () => {
    for (const { operation } of routes) {
      const withHeader = (name: string): string[] =>
        Object.keys(operation.responses).filter((status) => operation.responses[status]?.headers?.[name] !== undefined);
      const statuses = Object.keys(operation.responses).filter((status) =>
        isProblem(operation.responses[status]?.content),
      );

      expect(withHeader('Retry-After')).toEqual(statuses.filter((status) => ['429', '503'].includes(status)));
      expect(withHeader('WWW-Authenticate')).toEqual(statuses.filter((status) => status === '401'));
    }
  });

  it('should say where If-Match is taken', () => {
    const taking = routes.filter(({ operation }) => operation.parameters?.some(({ name }) => name === 'If-Match'));

    expect(taking.map(nameOf).toSorted()).toEqual(GUARDED.toSorted());
    expect(taking.every(({ operation }) => Object.hasOwn(operation.responses, '412'))).toBe(true);
  });

  it('should have whole numbers for all but the one fraction', () => {
    const found: string[] = [];
    JSON.stringify(document, function (this: unknown, name: string, value: unknown) {
      if (name !== 'type' && Object(value).type === 'number') {
        found.push(name === 'schema' ? (this as { readonly name: string }).name : name);
      }
      return value;
    });

    expect(found).toEqual(['refresh_at']);
  });
});
