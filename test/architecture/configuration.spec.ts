import { VARIABLES } from '@app/config';
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';

describe('every variable of the environment', () => {
  it.each([
    ['docs/configuration.md', (name: string) => `\`${name}\``],
    ['.env.example', (name: string) => `${name}=`],
  ])('should stand in %s', (file, shape) => {
    const text = readFileSync(file, 'utf8');
    expect(Object.keys(VARIABLES).filter((name) => !text.includes(shape(name)))).toEqual([]);
  });
});
