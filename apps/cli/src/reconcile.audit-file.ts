import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { BrokerError, errorFacts } from '@app/common';
import type { ExportedEvent } from '@app/connections';

/**
 * The events of an export, one JSON object a line, in the words of `GET /audit/events`. What is left out of it is not known, so a
 * line that cannot be read ends it all.
 * @throws BrokerError `invalid_request` that names the file, and the line.
 */
export async function* readAuditFile(path: string): AsyncGenerator<ExportedEvent> {
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (line.trim() !== '') {
        yield toEvent(line, path, number);
      }
    }
  } catch (error) {
    if (error instanceof BrokerError) {
      throw error;
    }
    const { error_code: code = 'unknown error' } = errorFacts(error);
    throw new BrokerError('invalid_request', `The audit export ${path} cannot be read (${code}).`);
  }
}

function toEvent(line: string, path: string, number: number): ExportedEvent {
  const parsed = parse(line);
  const { action, outcome, at, provider = null, connection = null, generation = null, reason = null } = parsed ?? {};
  const isEvent =
    typeof action === 'string' &&
    typeof outcome === 'string' &&
    typeof at === 'string' &&
    !Number.isNaN(Date.parse(at)) &&
    isTextOrNull(provider) &&
    isTextOrNull(connection) &&
    isTextOrNull(reason) &&
    (generation === null || typeof generation === 'number');
  if (!isEvent) {
    throw new BrokerError(
      'invalid_request',
      `Line ${number} of ${path} is no event of the audit log: each line must be one item of GET /audit/events, as JSON.`,
    );
  }
  return { action, outcome, at, provider, connection, generation, reason };
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';
