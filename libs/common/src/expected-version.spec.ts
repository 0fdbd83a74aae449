import { describe, expect, it } from '@jest/globals';
import { requireVersion } from './expected-version.js';

function thrownBy(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    const { code, message, facts } = error as Record<string, unknown>;
    return { code, message, facts };
  }
  return undefined;
}

describe(requireVersion.name, () => {
  it('should be content with the version that was seen, and where none was named', () => {
    expect(thrownBy(() => requireVersion('It', { version: 3 }, [3]))).toBeUndefined();
    expect(thrownBy(() => requireVersion('It', { version: 3 }))).toBeUndefined();
    expect(thrownBy(() => requireVersion('It', undefined))).toBeUndefined();
  });

  it('should refuse another version, and say which one there is', () => {
    expect(thrownBy(() => requireVersion('The connection a/b', { version: 4 }, [3]))).toMatchObject({
      code: 'precondition_failed',
      message: expect.stringMatching(/^The connection a\/b is not at version 3 \(it is at version 4\)/),
    });
  });

  it('should refuse a version of what does not exist', () => {
    expect(thrownBy(() => requireVersion('It', undefined, [1]))).toMatchObject({
      code: 'precondition_failed',
      message: expect.stringContaining('does not exist'),
    });
  });

  it('should be content with one of several, and with any that exists', () => {
    expect(thrownBy(() => requireVersion('It', { version: 3 }, [1, 3]))).toBeUndefined();
    expect(thrownBy(() => requireVersion('It', { version: 3 }, '*'))).toBeUndefined();
  });

  it.each([
    [
      [1, 2],
      { version: 5 },
      'It is not at version 1 or 2 (it is at version 5): read it again, and repeat the change with its ETag.',
    ],
    [
      [],
      { version: 5 },
      'It never had the ETag in If-Match, as ours are numbers in quotes, such as "7" (it is at version 5): read it again, and repeat the change with its ETag.',
    ],
    ['*', undefined, 'It must exist for If-Match: * (it does not exist): leave If-Match out to create it.'],
    [[1], undefined, 'It is not at version 1 (it does not exist): leave If-Match out to create it.'],
  ] as const)('should say in words why %j does not match %j', (expected, found, message) => {
    expect(thrownBy(() => requireVersion('It', found, expected))).toMatchObject({
      code: 'precondition_failed',
      message,
    });
  });
});
