import ipaddr from 'ipaddr.js';

/** Groups of an IPv6 address that name a network: whoever has one address of a /64 has them all. */
const NETWORK_GROUPS = 4;

/** Who is behind an address, as far as it tells: the IPv4 address itself, or the /64 of an IPv6 one (`2001:db8:1:2::/64`). */
export function sourceOf(ip: string): string {
  if (!ip.includes(':') || !ipaddr.isValid(ip)) {
    return ip;
  }
  const address = ipaddr.process(ip);
  if (!('parts' in address)) {
    return address.toString();
  }
  const network = address.parts.slice(0, NETWORK_GROUPS).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}
