import { describe, expect, it } from '@jest/globals';
import { childEnvironment } from './child-environment.js';

describe('childEnvironment', () => {
  it('should hand on what a program needs, in any spelling, and nothing else', () => {
    const ours = {
      PATH: '/bin',
      SystemRoot: 'C:\\Windows',
      HOME: undefined,
      BOOTSTRAP_ADMIN_KEY: 'secret',
      DATABASE_URL: 'postgresql://u:secret@h/d',
      PGPASSWORD: 'secret',
      AWS_SECRET_ACCESS_KEY: 'secret',
      NODE_OPTIONS: '--inspect',
    };

    expect(childEnvironment(ours)).toEqual({ PATH: '/bin', SystemRoot: 'C:\\Windows' });
  });
});
