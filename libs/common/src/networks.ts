import { BlockList, isIP } from 'node:net';

/** True for a network in CIDR notation: `10.20.0.0/16`, `fd00:20::/64`. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const family = isIP(address);
  const longest = family === 4 ? 32 : 128;
  return family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest;
}

/** A set of networks. An IPv4-mapped address counts as the address inside it; what is no address is in none. */
export class Networks {
  readonly #list = new BlockList();

  /** Each of `networks` as `isNetwork` takes it. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      this.#list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4');
    }
  }

  includes(address: string | null | undefined): boolean {
    const family = isIP(address ?? '');
    return family !== 0 && this.#list.check(address ?? '', family === 6 ? 'ipv6' : 'ipv4');
  }
}
