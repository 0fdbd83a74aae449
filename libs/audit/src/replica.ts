/** The UUID of this start of this process: who writes a stream. */
export type Replica = string;
export const Replica = Symbol('Replica');
