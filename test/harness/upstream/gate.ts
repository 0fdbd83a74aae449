import type { HeldRequest, Release } from './contract.js';

interface Waiting extends HeldRequest {
  readonly go: () => void;
}

/** Where requests wait until the test lets them go. */
export class Gate {
  #waiting: readonly Waiting[] = [];

  wait(request: number, grantId: string | null, kind: HeldRequest['kind']): Promise<void> {
    return new Promise((go) => {
      this.#waiting = [...this.#waiting, { request, grantId, kind, go }];
    });
  }

  held = (): readonly HeldRequest[] => this.#waiting.map(({ request, grantId, kind }) => ({ request, grantId, kind }));

  /** Returns how many went. */
  release({ grantId, request }: Release): number {
    const goes = (one: Waiting): boolean =>
      (grantId === undefined || one.grantId === grantId) && (request === undefined || one.request === request);
    const going = this.#waiting.filter(goes);
    this.#waiting = this.#waiting.filter((one) => !goes(one));
    going.forEach(({ go }) => go());
    return going.length;
  }
}
