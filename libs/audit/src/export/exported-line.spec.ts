import { describe, expect, it } from '@jest/globals';
import { parseLine, toLine } from './exported-line.js';

const HASH = 'ab'.repeat(32);
const PREVIOUS = 'cd'.repeat(32);

describe(parseLine.name, () => {
  it.each([
    ['as the broker writes it', '{"id":"7-3","at":"2026-11-21T10:00:00.000Z","reason":"ü😀"}'],
    ['as jsonb formats it', '{"at": "2026-11-21T10:00:00.000Z", "id": "7-3"}'],
    [
      'with a text that looks like our end',
      JSON.stringify({ id: '7-3', at: '2026-11-21T10:00:00.000Z', reason: `,"hash":"${HASH}"}` }),
    ],
  ])('should give back the text byte for byte: %s', (_what, body) => {
    const place = { stream: '7', seq: 3, at: '2026-11-21T10:00:00.000Z', hash: HASH, body };
    expect(parseLine(toLine({ body, hash: HASH }, undefined))).toEqual(place);
    expect(parseLine(toLine({ body, hash: HASH }, PREVIOUS))).toEqual({ ...place, previous: PREVIOUS });
    expect(JSON.parse(toLine({ body, hash: HASH }, PREVIOUS))).toMatchObject({
      id: '7-3',
      hash: HASH,
      previous: PREVIOUS,
    });
  });

  it.each([
    '',
    '{}',
    '{"id":"7-3","at":"x"}',
    `{"id":"7","at":"x","hash":"${HASH}"}`,
    `{"id":"7-3","at":"x","hash":"ab"}`,
    `{"id":"7-3","hash":"${HASH}"}`,
  ])('should know none in %j', (line) => {
    expect(parseLine(line)).toBeUndefined();
  });
});
