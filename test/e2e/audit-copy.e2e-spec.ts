import { createHash } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { auditEvents } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, connect } from '../support/connect.js';
import { startTestSandbox } from '../support/sandbox.js';
import { sql } from '../support/test-database.js';

let sandbox: Sandbox;
let broker: TestBroker;
let reader: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  reader = await broker.keyFor(['*/*']);
  await connect({ broker, sandbox }, 'onmeta', 'leaked', { token: broughtToken('leaked-token', 86_400) });
  await broker.as(reader).get('/providers/onmeta/token?connection=leaked');
  await broker.as(reader).get('/providers/onmeta/token?connection=leaked');
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

const newest = async (action: string) => (await auditEvents(broker, `action=${action}`))[0];

describe('GET /audit/verify', () => {
  it('should find the log whole, and say so in it', async () => {
    const { status, body } = await broker.as().get('/audit/verify');
    expect([status, body]).toEqual([
      200,
      { ok: true, rows: expect.any(Number), streams: 1, checkpoints: expect.any(Number), fault: null },
    ]);
    expect(await newest('audit.verified')).toMatchObject({ outcome: 'ok', reason: `no_fault rows=${body.rows}` });
  });

  it('should name the first fault', async () => {
    const [{ stream, seq }] = (await sql<{ stream: string; seq: string }>(
      "update audit_events set caller = 'eve' where (at, stream, seq) = (select at, stream, seq from audit_events order by 1, 2, 3 offset 2 limit 1) returning stream, seq",
    )) as [{ stream: string; seq: string }];
    const { body } = await broker.as().get('/audit/verify');
    await sql("update audit_events set caller = body::jsonb->>'caller' where caller = 'eve'");
    expect(body).toMatchObject({
      ok: false,
      fault: { kind: 'row_edited', stream, seq: Number(seq), detail: expect.any(String) },
    });
    expect(await newest('audit.verified')).toMatchObject({ outcome: 'failed', reason: `row_edited rows=${body.rows}` });
  });

  it('should be one at a time', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => broker.as().get('/audit/verify')));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
  });

  it.each(['/audit/verify', '/audit/export'])('should refuse other ranges: %s', async (path) => {
    const { status, body } = await broker.as().get(`${path}?from=yesterday`);
    expect([status, body.errors]).toEqual([400, [{ field: 'from', message: expect.any(String) }]]);
  });

  it.each(['get /audit/verify', 'get /audit/export', 'post /audit/lookup'])(
    'should be for auditors: %s',
    async (call) => {
      const [method, path = ''] = call.split(' ');
      const agent = broker.as(reader);
      const { status } = await (method === 'get' ? agent.get(path) : agent.post(path).send({ token: 'x' }));
      expect(status).toBe(403);
    },
  );
});

describe('GET /audit/export', () => {
  it('should hold every row with the text that was hashed, and be recorded first', async () => {
    const { status, text, headers } = await broker.as().get('/audit/export').buffer(true);
    const lines = text.trimEnd().split('\n');
    const bodies = lines.map((line) => `${line.slice(0, line.lastIndexOf(',"hash":"'))}}`);
    const rows = await sql<{ body: string; hash: string }>(
      "select body, encode(hash, 'hex') as hash from audit_events order by at, stream, seq",
    );

    expect([status, headers['content-type']]).toEqual([200, expect.stringContaining('application/x-ndjson')]);
    expect(bodies).toEqual(rows.slice(0, lines.length).map(({ body }) => body));
    expect(lines.map((line) => JSON.parse(line).hash)).toEqual(rows.slice(0, lines.length).map(({ hash }) => hash));
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      action: 'audit.exported',
      reason: 'format=ndjson from= to=',
    });
    const [first] = lines.map((line) => JSON.parse(line) as { previous: string; hash: string });
    const bytes = Buffer.concat([
      Buffer.from(first?.previous ?? '', 'hex'),
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]),
      Buffer.from(bodies[0] ?? ''),
    ]);
    expect(first?.hash).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('should be CSV with every field where it is asked for', async () => {
    const { text, headers } = await broker.as().get('/audit/export?format=csv&from=2026-01-01T00:00:00Z').buffer(true);
    const [header, ...records] = text.trimEnd().split('\r\n');
    expect(headers['content-type']).toContain('text/csv');
    expect(header?.split(',')).toHaveLength(22);
    expect(records.length).toBeGreaterThan(5);
  });

  it('should be cut off, not ended, where the log cannot be read on', async () => {
    await sql("update audit_events set body = 'no JSON' where seq = 2");
    const cut = await fetch(`${broker.url}/audit/export?format=csv`, {
      headers: { authorization: `Bearer ${broker.adminKey}` },
    })
      .then((answer) => answer.text())
      .then(
        () => 'whole',
        () => 'cut',
      );
    expect(cut).toBe('cut');
  });

  it('should end when the broker stops, though its reader takes nothing', async () => {
    await sql(`insert into audit_events select 999, n, now() - interval '1 hour', 'token.issued', 'ok', null, null, null, null, null, '\\x',
      '{"id":"999-' || n || '","at":"x","reason":"' || repeat('x', 3000) || '"}' from generate_series(1, 20000) n`);
    const replica = await startBroker({ replicaOf: broker });
    const headers = { authorization: `Bearer ${broker.adminKey}` };
    const answer = await new Promise<IncomingMessage>(
      (resolve) => void get(`${replica.url}/audit/export`, { headers }, resolve),
    );
    const ended = new Promise<boolean>((resolve) => void answer.once('close', () => resolve(answer.complete)));
    answer.on('error', () => undefined);
    await replica.stop();
    answer.resume();

    expect(await ended).toBe(false);
    await sql('delete from audit_events where stream = 999');
  });
});

describe('POST /audit/lookup', () => {
  it('should tell who was given a token, and whether it lives', async () => {
    const { status, body } = await broker.as().post('/audit/lookup').send({ token: 'leaked-token' });
    expect([status, body.live]).toEqual([200, true]);
    expect(body.items).toHaveLength(2);
    expect(body.items[0]).toMatchObject({
      action: 'token.issued',
      provider: 'onmeta',
      connection: 'leaked',
      request_id: expect.any(String),
    });
    const recorded = await newest('audit.looked_up');
    expect(recorded).toMatchObject({ reason: 'rows=2', token_fingerprint: body.items[0].token_fingerprint });
  });

  it('should know nothing of other tokens, nor say them anywhere', async () => {
    const { body } = await broker.as().post('/audit/lookup').send({ token: 'a-token-of-nobody' });
    const refused = await broker
      .as()
      .post('/audit/lookup')
      .send({ token: ['a-token-of-nobody'] });
    expect(body).toEqual({ live: false, items: [] });
    expect(refused.status).toBe(400);
    const everywhere = [
      refused.text,
      ...broker.lines,
      JSON.stringify(await auditEvents(broker, 'action=audit.looked_up')),
    ].join('\n');
    expect(everywhere).not.toContain('a-token-of-nobody');
  });
});
