import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** IPv4 addresses that are not of the public internet (IANA IPv4 Special-Purpose Address Registry, and one cloud's host address). */
const NOT_PUBLIC_V4 = ranges([
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT; a cloud's metadata service is in it
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // Azure's wire server: looks public, answers from the host
  '169.254.0.0/16', // link-local; metadata services
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; a cloud's metadata service is in it
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
]);

/** Only this is handed out as global unicast (IANA IPv6 Address Space); all else is local, multicast or reserved. */
const GLOBAL_V6 = ranges(['2000::/3']);
/** The parts of it that are not of the public internet (IANA IPv6 Special-Purpose Address Registry). */
const NOT_PUBLIC_V6 = ranges([
  '2001::/23', // protocol assignments: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which wraps any IPv4 address
  '3fff::/20', // documentation
]);
/** IPv6 addresses that stand for the IPv4 address in their last 32 bits: mapped (RFC 4291) and NAT64 (RFC 6052). */
const WRAPS_V4 = ranges(['::ffff:0:0/96', '64:ff9b::/96']);

/** Whether an address in text form belongs to the public internet. Anything that is no address is not. */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (!address) return false;
  return address.kind() === 'ipv4' ? isPublicV4(address) : isPublicV6(address as ipaddr.IPv6);
}

/** An IPv4 address in four decimal parts, or an IPv6 address without brackets; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  // A zone ("fe80::1%eth0") names an interface of this machine.
  if (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)) return ipaddr.IPv6.parse(text);
  return undefined;
}

/** Reads `10.0.0.0/8` or `fd00::/8`; undefined for anything else. */
export function parseRange(text: string): Range | undefined {
  return ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined;
}

export function isInRange(address: Address, list: readonly Range[]): boolean {
  return list.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
}

function isPublicV4(address: Address): boolean {
  return !isInRange(address, NOT_PUBLIC_V4);
}

function isPublicV6(address: ipaddr.IPv6): boolean {
  if (isInRange(address, WRAPS_V4)) return isPublicV4(new ipaddr.IPv4(address.toByteArray().slice(12)));
  return isInRange(address, GLOBAL_V6) && !isInRange(address, NOT_PUBLIC_V6) && !isIsatap(address);
}

/** ISATAP (RFC 5214) wraps an IPv4 address behind 0:5efe or 200:5efe. */
function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return parts[5] === 0x5efe && (parts[4] === 0 || parts[4] === 0x200);
}

function ranges(list: string[]): Range[] {
  return list.map((text) => ipaddr.parseCIDR(text));
}
