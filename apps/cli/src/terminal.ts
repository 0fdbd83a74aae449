/** Where a command writes: results to `out`, advice to `err`, so that a result can be piped on. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}
