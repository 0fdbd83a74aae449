import { describe, expect, it } from '@jest/globals';
import { Circuit, type Verdict } from './circuit.js';

const OPEN_MS = 30_000;

const newCircuit = (): Circuit => new Circuit(OPEN_MS);

/** Sends one request with this verdict; false where it is not admitted. */
const send = (circuit: Circuit, verdict: Verdict, now: number, oneShot = false): boolean => {
  const admission = circuit.admit(now, oneShot);
  admission?.end(verdict, now);
  return admission !== undefined;
};

const opened = (): Circuit => {
  const circuit = newCircuit();
  [0, 1, 2, 3, 4].forEach((now) => send(circuit, 'bad', now));
  return circuit;
};

describe(Circuit.name, () => {
  it('should open at the fifth failure in a row', () => {
    const sut = newCircuit();
    [0, 1, 2, 3].forEach((now) => send(sut, 'bad', now));
    expect(sut.state(4)).toBe('closed');
    send(sut, 'bad', 4);
    expect(sut.state(5)).toBe('open');
    expect(send(sut, 'good', 6)).toBe(false);
    expect(sut.retryIn(4)).toBe(OPEN_MS);
  });

  it('should open where half of ten requests within half a minute fail', () => {
    const sut = newCircuit();
    Array.from({ length: 9 }, (_, at) => send(sut, at % 2 === 0 ? 'bad' : 'good', at * 1000));
    expect(sut.state(9000)).toBe('closed');
    send(sut, 'bad', 9000);
    expect(sut.state(9001)).toBe('open');
  });

  it('should forget failures after half a minute', () => {
    const sut = newCircuit();
    Array.from({ length: 20 }, (_, at) => send(sut, at % 2 === 0 ? 'bad' : 'good', at * 10_000));
    expect(sut.state(200_000)).toBe('closed');
  });

  it('should count no outcome that says nothing of the provider', () => {
    const sut = newCircuit();
    [0, 1, 2, 3, 4, 5, 6].forEach((now) => send(sut, 'none', now));
    expect(sut.state(7)).toBe('closed');
  });

  it('should let one request tell, and close where it is good', () => {
    const sut = opened();
    const later = OPEN_MS + 10;
    expect(sut.state(later)).toBe('half_open');
    const probe = sut.admit(later, false);
    expect(probe).toMatchObject({ probeFirst: false });
    expect(sut.admit(later, false)).toBeUndefined();
    probe?.end('good', later);
    expect(sut.state(later)).toBe('closed');
  });

  it('should stay open for twice as long where that one fails, up to five minutes', () => {
    const sut = opened();
    let now = OPEN_MS + 10;
    const waits = Array.from({ length: 6 }, () => {
      send(sut, 'bad', now);
      const wait = sut.retryIn(now);
      now += wait;
      return wait;
    });
    expect(waits).toEqual([60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
  });

  it('should be tried every few seconds where credentials would lapse meanwhile, however often that fails', () => {
    const sut = newCircuit();
    sut.openAtMost(10_000, 0);
    [0, 1, 2, 3, 4].forEach((now) => send(sut, 'bad', now));
    let now = 4;
    for (let tries = 0; tries < 20; tries += 1) {
      expect(sut.state(now + 9_999)).toBe('open');
      now += 10_000;
      expect(sut.state(now)).toBe('half_open');
      send(sut, 'bad', now);
    }
  });

  it('should not stay open for longer once it is known that one would lapse', () => {
    const sut = opened();
    sut.openAtMost(10_000, 1000);
    expect(sut.state(10_999)).toBe('open');
    expect(sut.state(11_000)).toBe('half_open');
    const nearlyOver = opened();
    nearlyOver.openAtMost(10_000, OPEN_MS - 1000);
    expect(nearlyOver.retryIn(OPEN_MS - 1000)).toBe(1004);
  });

  it('should never try a failing provider with what can be used only once: a bare connection goes first', () => {
    const sut = opened();
    expect(sut.admit(OPEN_MS + 10, true)).toMatchObject({ probeFirst: true });
    expect(newCircuit().admit(0, true)).toMatchObject({ probeFirst: false });
  });

  it('should admit the next one where the one that was to tell told nothing', () => {
    const sut = opened();
    sut.admit(OPEN_MS + 10, false)?.end('none', OPEN_MS + 11);
    expect(sut.state(OPEN_MS + 12)).toBe('half_open');
  });

  it('should let an operator try at any time, with a bare connection first where it must', () => {
    const sut = opened();
    expect(sut.admit(10, false, true)).toMatchObject({ probeFirst: false });
    const forced = sut.admit(10, true, true);
    expect(forced).toMatchObject({ probeFirst: true });
    forced?.end('good', 11);
    expect(sut.state(12)).toBe('closed');
  });

  it('should tell whoever was admitted and waited whether the circuit opened meanwhile, but not the one that tells', () => {
    const sut = newCircuit();
    const admission = sut.admit(0, false);
    expect(admission?.stands(1)).toBe(true);
    [2, 3, 4, 5, 6].forEach((now) => send(sut, 'bad', now));
    expect(admission?.stands(7)).toBe(false);
    expect(sut.admit(OPEN_MS + 10, false)?.stands(OPEN_MS + 11)).toBe(true);
  });

  it('should count an end once, however often it is told', () => {
    const sut = newCircuit();
    const admission = sut.admit(0, false);
    Array.from({ length: 9 }, () => admission?.end('bad', 1));
    expect(sut.state(2)).toBe('closed');
  });
});
