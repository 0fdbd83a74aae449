import { describe, expect, it, jest } from '@jest/globals';
import type { HttpConnection } from './http-connection.js';
import { KeptConnections } from './kept-connections.js';

const connection = ({ stands = true, openedAt = performance.now() } = {}) => {
  const made = { stands, openedAt, close: jest.fn<() => void>() };
  return made as typeof made & HttpConnection;
};

describe(KeptConnections.name, () => {
  it('should give each one to one request at a time, and to its own place only', () => {
    const sut = new KeptConnections();
    const [one, other] = [connection(), connection()];
    sut.keep('here', one);
    sut.keep('here', other);

    expect(sut.take('there')).toBeUndefined();
    expect(new Set([sut.take('here'), sut.take('here')])).toEqual(new Set([one, other]));
    expect(sut.take('here')).toBeUndefined();
  });

  it('should give none that has ended meanwhile', () => {
    const sut = new KeptConnections();
    const [standing, ended] = [connection(), connection()];
    sut.keep('here', standing);
    sut.keep('here', ended);
    Object.assign(ended, { stands: false });

    expect(sut.take('here')).toBe(standing);
    expect(sut.take('here')).toBeUndefined();
  });

  it('should close the one too many, and what has ended already', () => {
    const sut = new KeptConnections();
    const kept = Array.from({ length: 8 }, () => connection());
    const [ninth, ended] = [connection(), connection({ stands: false })];
    [...kept, ninth].forEach((one) => sut.keep('here', one));
    sut.keep('there', ended);

    expect(ninth.close).toHaveBeenCalledTimes(1);
    expect(ended.close).toHaveBeenCalledTimes(1);
    expect(kept.flatMap(({ close }) => close.mock.calls)).toEqual([]);
    expect(sut.take('there')).toBeUndefined();
  });

  it('should close one that was opened a minute ago, however often it was used', () => {
    const sut = new KeptConnections();
    const old = connection({ openedAt: performance.now() - 60_000 });
    sut.keep('here', old);

    expect(sut.take('here')).toBeUndefined();
    expect(old.close).toHaveBeenCalledTimes(1);
  });

  it('should hold nothing of those that were closed', () => {
    const sut = new KeptConnections();
    const [standing, closed] = [connection(), connection()];
    sut.keep('here', standing);
    sut.keep('here', closed);
    sut.forget('here', closed);
    sut.forget('there', closed);

    expect(sut.take('here')).toBe(standing);
    expect(sut.take('here')).toBeUndefined();
    expect(closed.close).not.toHaveBeenCalled();
  });
});
