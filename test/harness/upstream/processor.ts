import { type Ledger, shortened } from './ledger.js';
import type { Answer, OAuthClient } from './oauth.client.js';
import { RECORD_HEADER } from './oauth-server.js';
import type { Stage } from './stage.js';
import type { TokenStore } from './token.store.js';

/**
 * Lets the OAuth server decide a request and writes down what it did. One request of a grant at a time: the server looks and
 * consumes in two steps, and a provider that punishes a reuse would not let two requests pass between them.
 */
export class Processor {
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(
    private readonly ledger: Ledger,
    private readonly store: TokenStore,
    private readonly server: OAuthClient,
  ) {}

  process(stage: Stage): Promise<Answer> {
    const key = stage.grantId ?? `request:${stage.entry.id}`;
    const before = this.#queues.get(key) ?? Promise.resolve();
    const mine = before.then(
      () => this.#process(stage),
      () => this.#process(stage),
    );
    this.#queues.set(key, mine);
    const leave = (): void => void (this.#queues.get(key) === mine && this.#queues.delete(key));
    mine.then(leave, leave);
    return mine;
  }

  async #process({ received, entry, grantId, token }: Stage): Promise<Answer> {
    const consumedBefore = this.store.consumptions(token ?? '');
    entry.reachedAt = Date.now();
    const answer = await this.server.send(received, { [RECORD_HEADER]: String(entry.id) });
    const body = fieldsOf(answer);
    entry.consumed = this.store.consumptions(token ?? '') > consumedBefore;
    entry.outcome = outcomeOf(body, answer.status);
    const issued = body['refresh_token'];
    if (typeof issued === 'string' && grantId !== null) {
      this.ledger.issued(grantId, issued);
      entry.issued = shortened(issued);
    }
    return answer;
  }
}

function fieldsOf({ body }: Answer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function outcomeOf(body: Readonly<Record<string, unknown>>, status: number): string {
  if (typeof body['error'] === 'string') {
    return body['error'];
  }
  if (typeof body['active'] === 'boolean') {
    return body['active'] ? 'active' : 'inactive';
  }
  return status === 200 ? 'ok' : `status ${status}`;
}
