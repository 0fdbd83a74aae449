import type { Client } from 'pg';

/** A column of a table of ours. */
export interface Column {
  /** `table.column` */
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  /** Whether a row that does not name it gets a value. */
  readonly filled: boolean;
}

/** What the statements of a version may count on, and what refuses their rows. */
export interface Shape {
  readonly columns: readonly Column[];
  /** Constraints, unique indexes and triggers, each behind its table: `connections: UNIQUE (provider, name)`. */
  readonly rules: readonly string[];
}

export function readShape(client: Client): Promise<Shape>;
