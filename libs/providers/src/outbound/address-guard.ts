import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

/** The prefix that DNS64 resolvers embed an IPv4 address in (RFC 6052); other embeddings are refused as a whole. */
const NAT64: Network = ipaddr.parseCIDR('64:ff9b::/96');
/** Public by its number, and a cloud's metadata service to whoever runs in that cloud (Azure). */
const PLATFORM: Network = ipaddr.parseCIDR('168.63.129.16/32');
/** All that is routed on the public IPv6 internet (RFC 4291, 2.4): whatever lies outside is refused without being named. */
const GLOBAL_IPV6: Network = ipaddr.parseCIDR('2000::/3');

/**
 * Decides which addresses requests to providers may go to (security.md, "Outbound"): https to public addresses; plain http
 * and every other address only inside the allowed networks.
 */
export class AddressGuard {
  readonly #allowed: readonly Network[];

  /**
   * @param allowedNetworks CIDR networks, e.g. `127.0.0.0/8`.
   * @throws Error that names the first one that is not a CIDR network.
   */
  constructor(allowedNetworks: readonly string[]) {
    this.#allowed = allowedNetworks.map(parseNetwork);
  }

  /**
   * Whether a request may go to this URL as far as its text tells: scheme, no user info, and the address where the host is
   * one. The addresses of a name are judged one by one with `allowsAddress`.
   */
  allowsUrl(url: URL): boolean {
    if (url.protocol !== 'https:' && (url.protocol !== 'http:' || this.#allowed.length === 0)) {
      return false;
    }
    if (url.username !== '' || url.password !== '') {
      return false;
    }
    const host = hostOf(url);
    return isIP(host) === 0 || this.allowsAddress(host, url.protocol);
  }

  /** Whether a connection for this scheme (`https:`, `http:`) may go to this IP address. */
  allowsAddress(text: string, protocol: string): boolean {
    const raw = parseAddress(text);
    if (raw === undefined) {
      return false;
    }
    const address = unwrap(raw);
    if (this.#allowed.some((network) => contains(network, address) || contains(network, raw))) {
      return true;
    }
    return protocol === 'https:' && isPublic(address);
  }
}

/** The host of a URL as sockets want it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function parseNetwork(text: string): Network {
  if (!ipaddr.isValidCIDR(text)) {
    throw new Error(`"${text}" is not a network in CIDR notation: write e.g. 10.0.0.0/8 or fd00::/8.`);
  }
  return ipaddr.parseCIDR(text);
}

/**
 * An address as sockets and resolvers write it. IPv6 is taken in hexadecimal, as URLs have it: the library takes `::8.8.8.8` for
 * something else than its bits say. One with a zone is none that a provider could have.
 */
function parseAddress(text: string): Address | undefined {
  if (isIP(text) !== 6) {
    return isIP(text) === 4 ? ipaddr.parse(text) : undefined;
  }
  const url = `http://[${text}]/`;
  return URL.canParse(url) ? ipaddr.parse(hostOf(new URL(url))) : undefined;
}

/** The IPv4 address that an IPv4-mapped or NAT64 address stands for. */
function unwrap(address: Address): Address {
  if (!isIpv6(address)) {
    return address;
  }
  if (address.isIPv4MappedAddress()) {
    return address.toIPv4Address();
  }
  return contains(NAT64, address) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
}

function contains([network, bits]: Network, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

function isPublic(address: Address): boolean {
  return (
    address.range() === 'unicast' &&
    !contains(PLATFORM, address) &&
    (!isIpv6(address) || contains(GLOBAL_IPV6, address))
  );
}

function isIpv6(address: Address): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6';
}
