import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { fillPath, type OpenApi, readOpenApi, type Route, routesOf } from '../support/openapi.js';

/** Every call of the contract that this version serves. */
const ROUTES = [
  'GET /providers',
  'GET /providers/{provider}/token',
  'POST /providers/{provider}/token',
  'GET /admin/provider-types',
  'GET /admin/provider-types/{type}',
  'GET /admin/providers',
  'GET /admin/providers/{provider}',
  'PUT /admin/providers/{provider}',
  'PATCH /admin/providers/{provider}',
  'DELETE /admin/providers/{provider}',
  'POST /admin/providers/{provider}/confirm-hosts',
  'GET /admin/connections',
  'GET /admin/providers/{provider}/connections/{connection}',
  'PUT /admin/providers/{provider}/connections/{connection}',
  'PATCH /admin/providers/{provider}/connections/{connection}',
  'DELETE /admin/providers/{provider}/connections/{connection}',
  'POST /admin/providers/{provider}/connections/{connection}/refresh',
  'POST /admin/providers/{provider}/connections/{connection}/pause',
  'POST /admin/providers/{provider}/connections/{connection}/resume',
  'POST /admin/providers/{provider}/connections/{connection}/confirm-hosts',
  'GET /admin/keys',
  'POST /admin/keys/rotate',
  'GET /admin/callers',
  'GET /admin/callers/{caller}',
  'PUT /admin/callers/{caller}',
  'PATCH /admin/callers/{caller}',
  'DELETE /admin/callers/{caller}',
  'GET /admin/callers/{caller}/explain',
  'GET /admin/callers/{caller}/keys',
  'POST /admin/callers/{caller}/keys',
  'DELETE /admin/callers/{caller}/keys/{key_id}',
  'GET /audit/events',
  'GET /audit/export',
  'GET /audit/verify',
  'POST /audit/lookup',
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics',
];
const PUBLIC = new Set(['GET /health/live', 'GET /health/ready', 'GET /metrics']);
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const VALUES = { provider: 'onmeta', connection: 'never', caller: 'never', key_id: 'aaaaaaaaaaaa', type: 'onmeta' };

let broker: TestBroker;
let document: OpenApi;
let routes: Route[];

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

beforeAll(async () => {
  broker = await startBroker();
  document = await readOpenApi(broker);
  routes = routesOf(document);
});

afterAll(() => broker?.stop());

describe('/openapi.json', () => {
  it('should be OpenAPI 3 with the API key as its security', () => {
    expect(document.openapi).toMatch(/^3\.[01]\.\d$/);
    expect(document.info).toMatchObject({ title: 'Claviger', version: expect.any(String) });
    expect(Object.values(document.components.securitySchemes)).toMatchObject([{ type: 'http', scheme: 'bearer' }]);
  });

  it('should list every route of the contract, and no other', () => {
    expect(routes.map(nameOf).toSorted()).toEqual(ROUTES.toSorted());
  });

  it('should list what is served: each of its routes is there', async () => {
    for (const { method, path } of routes) {
      const { status, body } = await send(method, path);
      expect([`${method} ${path}`, status === 405, body.detail]).not.toEqual([
        `${method} ${path}`,
        expect.anything(),
        expect.stringMatching(/no such path/),
      ]);
      expect(status).not.toBe(405);
    }
  });

  it('should list all that is served: every other method of its paths answers 405', async () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      const served = Object.keys(operations).map((method) => method.toUpperCase());
      for (const method of METHODS.filter((each) => !served.includes(each))) {
        const { status, headers } = await send(method, path);
        expect([method, path, status]).toEqual([method, path, 405]);
        expect(headers.get('allow')?.split(', ')).toEqual(expect.arrayContaining(served));
      }
    }
  });

  it('should have every path that the server itself knows, but for the description', () => {
    const known = broker.app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false }) as string;
    const served = pathsOf(known).filter((path) => !/^\/(docs|openapi\.json)/.test(path));

    expect([...new Set(served)].toSorted()).toEqual(Object.keys(document.paths).toSorted());
  });

  it('should say which routes need a key, and be right', async () => {
    for (const route of routes) {
      const { status } = await send(route.method, route.path);
      const isOpen = PUBLIC.has(nameOf(route));
      expect([nameOf(route), status === 401]).toEqual([nameOf(route), !isOpen]);
      expect([nameOf(route), (route.operation.security ?? []).length > 0]).toEqual([nameOf(route), !isOpen]);
    }
  });

  it('should refer only to schemas that it has', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);

    expect(refs.length).toBeGreaterThan(10);
    for (const ref of new Set(refs)) {
      expect(Object.keys(document.components.schemas)).toContain(ref.replace('#/components/schemas/', ''));
    }
  });

  it('should declare every parameter of every path, once and as required', () => {
    for (const { path, operation } of routes) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name).toSorted()).toEqual(inPath.toSorted());
      expect(declared.every(({ required }) => required === true)).toBe(true);
    }
  });

  it('should give every operation a name of its own, a summary and a success', () => {
    const ids = routes.map(({ operation }) => operation.operationId);

    expect(new Set(ids).size).toBe(routes.length);
    for (const { operation } of routes) {
      expect(operation.summary).toMatch(/\w/);
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true);
    }
  });

  it('should describe a body wherever one is taken', () => {
    const changing = routes.filter(({ method }) => ['PUT', 'PATCH'].includes(method));

    expect(changing).toHaveLength(6);
    for (const { operation } of changing) {
      expect(operation.requestBody?.required).toBe(true);
      expect(operation.requestBody?.content).toHaveProperty(['application/json', 'schema']);
    }
  });

  it('should describe the answers of every route that has some', () => {
    for (const route of routes) {
      const [, success] = Object.entries(route.operation.responses).find(([status]) => status.startsWith('2')) ?? [];
      const isEmpty = nameOf(route).startsWith('DELETE');
      const isText = nameOf(route) === 'GET /metrics';
      expect([nameOf(route), JSON.stringify(success).includes('schema')]).toEqual([nameOf(route), !isEmpty && !isText]);
    }
  });

  it('should not be cached, and name its request', async () => {
    const { headers } = await fetch(`${broker.url}/openapi.json`);

    expect(headers.get('content-type')).toContain('application/json');
    expect(headers.get('x-request-id')).toMatch(/\w/);
  });
});

describe('/docs', () => {
  it('should answer a page for people that needs nothing from elsewhere', async () => {
    const answer = await fetch(`${broker.url}/docs`);
    const html = await answer.text();

    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(html).toContain('<html');
    expect(html).not.toMatch(/(src|href)="https?:/);
    const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part = '']) => part);
    for (const part of parts) {
      const { status } = await fetch(new URL(part, `${broker.url}/docs`));
      expect([part, status]).toEqual([part, 200]);
    }
  });
});

/** Sends a request without a key. */
async function send(method: string, path: string) {
  const answer = await fetch(`${broker.url}${fillPath(path, VALUES)}`, { method });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: answer.status,
    headers: answer.headers,
    body: (isJson ? JSON.parse(text) : {}) as { detail?: string },
  };
}

/** Paths in what Fastify prints of its routes: a tree of parts, each level four columns further, methods in parentheses. */
function pathsOf(printed: string): string[] {
  const parts: string[] = [];
  return printed.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods] = /^([│├└─\s]*)(\S*)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (part === '') {
      return [];
    }
    parts.splice(indent.length / 4 - 1, parts.length, part);
    return methods === undefined ? [] : [parts.join('').replaceAll(/:(\w+)/g, '{$1}')];
  });
}
