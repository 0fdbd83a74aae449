import { type Host, isAmong } from '@app/providers';

/**
 * Hosts that nobody has confirmed since a change: secrets are not sent there. While there are any, `confirmed` are those that the
 * secrets may go to; else that is wherever the settings say.
 */
export interface HostMark {
  readonly confirmed: readonly Host[];
  readonly unconfirmed: readonly Host[];
}

/** Nothing waits for a confirmation. */
export const CONFIRMED: HostMark = { confirmed: [], unconfirmed: [] };

/** Where requests of a connection go, and the names of the secrets that they carry: its own, and its provider's. */
export interface Standing {
  readonly hosts: readonly Host[];
  readonly own: readonly string[];
  readonly shared: readonly string[];
}

/** What a change makes of a connection. */
export interface ConnectionChange {
  /** Undefined where it is created. */
  readonly before: Standing | undefined;
  readonly mark: HostMark;
  readonly after: Standing;
  /** The hosts that its provider's settings alone say, and what of them is confirmed. */
  readonly provider: { readonly hosts: readonly Host[]; readonly mark: HostMark };
  /** The secrets that the same change brings along with where they go: whoever brings them knows them, and where they go. */
  readonly brought: { readonly own: boolean; readonly shared: readonly string[] };
}

/** What a change makes of a provider. `keeps`: it holds secrets, or connections do, that the change does not bring. */
export interface ProviderChange {
  readonly before: readonly Host[];
  readonly mark: HostMark;
  readonly after: readonly Host[];
  readonly keeps: boolean;
}

/** Whether something waits for a confirmation. */
export const isMarked = ({ unconfirmed }: HostMark): boolean => unconfirmed.length > 0;

/** The connection's mark after the change. */
export function markConnection({ before, mark, after, provider, brought }: ConnectionChange): HostMark {
  const confirmed = isMarked(mark) ? mark.confirmed : (before?.hosts ?? []);
  const ofProvider = isMarked(provider.mark) ? provider.mark.confirmed : provider.hosts;
  const strange = without(after.hosts, confirmed);
  const kept = after.shared.filter((name) => !brought.shared.includes(name));
  const isNew = (name: string): boolean => before === undefined || !before.shared.includes(name);
  return marked(confirmed, [
    ...(after.own.length === 0
      ? []
      : strange.filter((host) => !brought.own || isAmong(host, provider.mark.unconfirmed))),
    ...(kept.length === 0 ? [] : without(strange, ofProvider)),
    ...(kept.some(isNew) ? without(after.hosts, ofProvider) : []),
  ]);
}

/** The provider's mark after the change. */
export function markProvider({ before, mark, after, keeps }: ProviderChange): HostMark {
  const confirmed = isMarked(mark) ? mark.confirmed : before;
  return marked(confirmed, keeps ? without(after, confirmed) : []);
}

/** Whether a provider-wide confirmation covers the connection: it goes nowhere that the provider's settings do not say. */
export const isConfirmedWith = ({ unconfirmed }: HostMark, hosts: readonly Host[]): boolean =>
  unconfirmed.every((host) => isAmong(host, hosts));

const marked = (confirmed: readonly Host[], unconfirmed: readonly Host[]): HostMark =>
  unconfirmed.length === 0
    ? CONFIRMED
    : { confirmed: confirmed.filter((host) => !unconfirmed.includes(host)), unconfirmed: [...new Set(unconfirmed)] };

const without = (hosts: readonly Host[], others: readonly Host[]): readonly Host[] =>
  hosts.filter((host) => !isAmong(host, others));
