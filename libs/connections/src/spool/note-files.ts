/** Which notes stand in which file of a spool: those that were written together stand in one, which goes with the last of them. */
export class NoteFiles {
  readonly #fileOf = new Map<string, string>();
  readonly #left = new Map<string, Set<string>>();

  /** A file holds the notes of these attempts. */
  hold(file: string, attempts: readonly string[]): void {
    this.#left.set(file, new Set(attempts));
    attempts.forEach((attempt) => this.#fileOf.set(attempt, file));
  }

  /** True where the file of this attempt's note is known. */
  has(attempt: string): boolean {
    return this.#fileOf.has(attempt);
  }

  /** The note of this attempt is of no use any more. Returns its file where no other note in it is, either. */
  release(attempt: string): string | undefined {
    const file = this.#fileOf.get(attempt) ?? '';
    const left = this.#left.get(file);
    this.#fileOf.delete(attempt);
    left?.delete(attempt);
    if (left === undefined || left.size > 0) {
      return undefined;
    }
    this.#left.delete(file);
    return file;
  }
}
