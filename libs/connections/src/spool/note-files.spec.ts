import { describe, expect, it } from '@jest/globals';
import { NoteFiles } from './note-files.js';

describe(NoteFiles.name, () => {
  it('should let a file go with the last of its notes', () => {
    const sut = new NoteFiles();
    sut.hold('first', ['a', 'b']);
    sut.hold('second', ['c']);

    expect(sut.release('a')).toBeUndefined();
    expect(sut.release('c')).toBe('second');
    expect(sut.release('b')).toBe('first');
    expect(['a', 'b', 'c'].map((attempt) => sut.has(attempt))).toEqual([false, false, false]);
  });

  it('should let none go for what it does not know, or knows no more', () => {
    const sut = new NoteFiles();
    sut.hold('first', ['a', 'b']);

    expect([sut.release('x'), sut.release('a'), sut.release('a')]).toEqual([undefined, undefined, undefined]);
    expect(sut.release('b')).toBe('first');
  });
});
