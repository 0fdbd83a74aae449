import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, FaultKind, Upstream } from '../upstream/index.js';
import type { Account } from './accounts.js';
import type { Random } from './random.js';
import { TIMES } from './times.js';

const FOR_ONE: readonly FaultKind[] = [
  'lost',
  'truncated',
  'bad_gateway',
  'slow',
  'late',
  'rate_limited',
  'black_hole',
];
const FOR_ALL: readonly FaultKind[] = [...FOR_ONE, 'refused', 'refused'];
/** How often a fault for one whose provider can be asked meets the question instead. */
const MEETS_QUESTION = 0.25;

/** Faults of the provider's side. */
export class UpstreamFaults {
  readonly #underWay = new Set<Promise<void>>();

  constructor(
    private readonly upstream: Upstream,
    private readonly random: Random,
  ) {}

  /** Meets the account's next request. */
  async forOne({ name, grant, introspection }: Account): Promise<string> {
    const kind = this.random.pick(FOR_ONE);
    const asks = introspection && this.random.next() < MEETS_QUESTION;
    const ms = this.#ms(kind);
    const { grantId } = grant;
    await this.upstream.fault({ kind, grantId, ...ms, ...(asks ? { endpoint: 'introspection' } : {}) });
    return `${kind} for ${name}${asks ? ', when it is asked about' : ''}`;
  }

  /** Meets everybody's requests for a moment. */
  async forAll(): Promise<string> {
    const kind = this.random.pick(FOR_ALL);
    const lasts = this.random.between(TIMES.faultForAll.least, TIMES.faultForAll.most);
    const id = await this.upstream.fault({ kind, times: 'until_cleared', ...this.#ms(kind) });
    const ending = sleep(lasts)
      .then(() => this.upstream.clear(id))
      .finally(() => this.#underWay.delete(ending));
    this.#underWay.add(ending);
    return `${kind} for all, for ${lasts} ms`;
  }

  /** Resolves when no fault is left. */
  async clear(): Promise<void> {
    await Promise.all(this.#underWay);
    await this.upstream.clear();
  }

  #ms(kind: FaultKind): Pick<Fault, 'ms'> {
    if (kind !== 'slow' && kind !== 'late') {
      return {};
    }
    const { least, most } = TIMES[kind];
    return { ms: this.random.between(least, most) };
  }
}
