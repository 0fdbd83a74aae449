import { BrokerError, errorFacts } from '@app/common';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** The lines of a file that are not empty. @throws BrokerError `invalid_request` that names the file where it cannot be read. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const input = createReadStream(path);
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() !== '') {
        yield line;
      }
    }
  } catch (error) {
    const { error_code: code = 'unknown error' } = errorFacts(error);
    throw new BrokerError('invalid_request', `${path} cannot be read (${code}).`);
  } finally {
    input.destroy();
  }
}
