import { describe, expect, it } from '@jest/globals';
import { deletePath, setPath } from './paths.js';

describe('paths', () => {
  it('should set and delete what is nested', () => {
    const body = { data: { token: 'x', list: [{ a: 1 }] } };

    setPath(body, 'data.expires_in', 0);
    setPath(body, 'data.list.0.a', 2);
    deletePath(body, 'data.token');
    deletePath(body, 'nothing.there');

    expect(body).toEqual({ data: { expires_in: 0, list: [{ a: 2 }] } });
  });

  it('should set an own __proto__ and pollute nothing', () => {
    const body = {};
    setPath(body, '__proto__', { polluted: true });

    expect(JSON.stringify(body)).toBe('{"__proto__":{"polluted":true}}');
    expect(Object.getPrototypeOf(body)).toBe(Object.prototype);
  });

  it('should refuse a path into nothing', () => {
    expect(() => setPath({}, 'data.token', 1)).toThrow('data.token');
  });
});
