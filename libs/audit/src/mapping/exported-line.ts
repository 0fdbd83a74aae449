/** One line of an NDJSON export, parsed: the fields of the row's text, those that do not apply left out, and its hash. */
export interface ExportedLine {
  /** `<stream>-<seq>`. */
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly actor: string;
  readonly caller?: string;
  readonly key_id?: string;
  readonly provider?: string;
  readonly connection?: string;
  readonly generation?: number;
  readonly request_id?: string;
  readonly client_ip?: string;
  readonly upstream_status?: number;
  readonly reason?: string;
  readonly duration_ms?: number;
  readonly token_fingerprint?: string;
  readonly token_expires_at?: string;
  readonly fields?: readonly string[];
  readonly count?: number;
  readonly device?: string;
  /** Hexadecimal. */
  readonly hash?: string;
}

/** What OCSF and ECS have no place for goes there under its own name. */
export const restOf = (line: ExportedLine): Readonly<Record<string, unknown>> => ({
  provider: line.provider,
  connection: line.connection,
  generation: line.generation,
  upstream_status: line.upstream_status,
  token_fingerprint: line.token_fingerprint,
  token_expires_at: line.token_expires_at,
  fields: line.fields,
  device: line.device,
  hash: line.hash,
});
