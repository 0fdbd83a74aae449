import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Ending } from './ending.js';

let process: EventEmitter & { exit(code: number): void };
let exits: number[];
let logged: string[];
let runs: number;
let finish: () => void;
let sut: Ending;

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

beforeEach(() => {
  exits = [];
  logged = [];
  runs = 0;
  process = Object.assign(new EventEmitter(), { exit: (code: number) => void exits.push(code) });
  const cleaned = new Promise<void>((resolve) => (finish = resolve));
  const cleanUp = {
    run: () => {
      runs += 1;
      return cleaned;
    },
  };
  const write = (message: string): void => void logged.push(message);
  sut = new Ending(cleanUp, { error: write, warn: write, info: write, debug: write }, process);
  sut.listen();
});

describe(Ending.name, () => {
  it.each(['SIGTERM', 'SIGINT'])('should end everything at %s, and then the process, with 0', async (signal) => {
    process.emit(signal);
    await settled();
    expect([runs, exits]).toEqual([1, []]);
    finish();
    await settled();
    expect(exits).toEqual([0]);
  });

  it('should not be cut short by a second signal', async () => {
    process.emit('SIGTERM');
    process.emit('SIGTERM');
    process.emit('SIGINT');
    await settled();
    expect(exits).toEqual([]);
    expect(logged[1]).toContain('Already stopping');
    finish();
    await settled();
    expect(new Set(exits)).toEqual(new Set([0]));
  });

  it.each(['unhandledRejection', 'uncaughtException'])('should end in the same order, with 1, at %s', async (event) => {
    process.emit(event, new Error('unexpected'));
    await settled();
    expect(exits).toEqual([]);
    finish();
    await settled();
    expect(exits).toEqual([1]);
  });

  it('should end with 1 where something fails while it stops', async () => {
    process.emit('SIGTERM');
    process.emit('unhandledRejection', new Error('unexpected'));
    finish();
    await settled();
    expect(exits[0]).toBe(1);
  });
});
