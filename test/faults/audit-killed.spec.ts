import { inPackage } from '@app/common';
import { describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { auditStreams, expectVerified, expectWholeChains } from '../support/audit-chains.js';
import { recordedIds } from '../support/recording-replica.js';

jest.setTimeout(300_000);

const PROGRAM = inPackage('dist', 'test/harness/audit/appender.js');
const KILLS = 100;
const AT_ONCE = 4;
/** Batches take about a millisecond: a kill within so many hits the beginning, the middle and the end of some. */
const LIVES_MS = 25;

/** Lets a writer begin, kills it within some milliseconds of its first acknowledgement, and gives what it had acknowledged. */
async function killOne(name: string): Promise<readonly string[]> {
  const { PATH, HOME, DATABASE_URL } = process.env;
  const child = spawn(process.execPath, [PROGRAM, name], { env: { PATH, HOME, DATABASE_URL } });
  let text = '';
  let complaints = '';
  child.stderr.on('data', (chunk) => (complaints += String(chunk)));
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  child.stdout.once('data', () => void setTimeout(() => child.kill('SIGKILL'), Math.random() * LIVES_MS));
  const [, signal] = await once(child, 'close');
  expect({ signal, complaints }).toEqual({ signal: 'SIGKILL', complaints: '' });
  // A line that the kill cut off is nothing that anybody heard.
  return text.split('\n').slice(0, -1);
}

describe('a replica that is killed in the middle of a batch, a hundred times', () => {
  it('should have the row of every event that it acknowledged, and leave every chain whole', async () => {
    const names = Array.from({ length: KILLS }, (_, index) => `life-${index + 1}`).values();
    const acknowledged: string[] = [];
    const lane = async (): Promise<void> => {
      for (const name of names) {
        acknowledged.push(...(await killOne(name)));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));

    await expectWholeChains();
    await expectVerified();
    const rows = await recordedIds();
    const standing = new Set(rows);
    expect(standing.size).toBe(rows.length);
    expect(acknowledged.filter((id) => !standing.has(id))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(KILLS);
    expect(await auditStreams()).toHaveLength(KILLS);
    const unheard = rows.length - acknowledged.length;
    process.stdout.write(`${KILLS} kills: ${acknowledged.length} events acknowledged, ${unheard} more recorded\n`);
  });
});
