import { AppError } from '../base/errors.ts';
import { isInRange, parseAddress, parseRange } from './address.ts';

type Range = NonNullable<ReturnType<typeof parseRange>>;

/** Hosts that the configuration names, and that may therefore be at any address. */
export interface HostList {
  /** Whether a URL's host is named: as it is, with its port, below a suffix, or as an address in a range. */
  has(url: URL): boolean;
  /** Whether an address that a name resolved to is in a named range. */
  hasAddress(address: string): boolean;
}

/**
 * Reads `host`, `host:port`, `*.suffix` (what is below it, not itself), an address, a range (`10.0.0.0/8`), or a URL,
 * of which host and port count. Throws AppError `invalid_request` for anything else.
 */
export function readHostList(entries: readonly string[]): HostList {
  const hosts = new Set<string>();
  const suffixes: string[] = [];
  const rangeList: Range[] = [];
  for (const entry of entries) {
    const range = parseRange(entry);
    if (range) rangeList.push(range);
    else if (entry.startsWith('*.')) suffixes.push(`.${readHost(entry, entry.slice(2))}`);
    else if (entry.includes('://')) hosts.add(withPort(readUrl(entry, entry)));
    else hosts.add(readHost(entry, bracketed(entry)));
  }
  const hasAddress = (text: string): boolean => {
    const address = parseAddress(text);
    return address !== undefined && isInRange(address, rangeList);
  };
  return {
    has(url) {
      const { hostname } = url;
      if (hosts.has(hostname) || hosts.has(withPort(url))) return true;
      return suffixes.some((suffix) => hostname.endsWith(suffix)) || hasAddress(bare(hostname));
    },
    hasAddress,
  };
}

/** A URL's host with the port that it means, written or not. */
function withPort(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
}

/** Without the brackets that URLs put around an IPv6 address. */
export function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function bracketed(entry: string): string {
  return parseAddress(entry)?.kind() === 'ipv6' ? `[${entry}]` : entry;
}

/** In the form that URLs have it: lower case, punycode, normal addresses; with its port if it has one. */
function readHost(entry: string, host: string): string {
  // A port is only kept where it was written; https would swallow :443 and http :80.
  const port = /:(\d+)$/.exec(host)?.[1];
  const url = readUrl(entry, `http://${host}`);
  if (url.pathname !== '/' || url.search || url.hash || url.username) throw badEntry(entry);
  return port === undefined ? url.hostname : `${url.hostname}:${Number(port)}`;
}

function readUrl(entry: string, text: string): URL {
  const url = URL.parse(text);
  if (!url?.hostname) throw badEntry(entry);
  return url;
}

function badEntry(entry: string): AppError {
  return new AppError(
    'invalid_request',
    `"${entry}" is no host that can be allowed: write a host, host:port, *.suffix, an address or a range such as 10.0.0.0/8.`,
    { param: 'egress.allow' },
  );
}

/** Names that mean this machine, this network, or a cloud's metadata service (`metadata.google.internal`), whatever they resolve to. */
const LOCAL_SUFFIXES = [
  '.localhost',
  '.local',
  '.localdomain',
  '.internal',
  '.intranet',
  '.lan',
  '.home.arpa',
  '.onion',
];

/** Why a name is refused without asking DNS; undefined when it is not. */
export function localName(hostname: string): string | undefined {
  if (hostname.endsWith('.')) return 'ends in a dot';
  if (LOCAL_SUFFIXES.some((suffix) => hostname.endsWith(suffix))) return 'is a local name';
  // A name without a dot (`localhost`, `redis`, `metadata`) is completed by the resolver with this network's own domain.
  if (!hostname.includes('.')) return 'has no domain';
  return undefined;
}

/**
 * Ports that are refused although HTTP could be spoken to them: those of the WHATWG Fetch standard ("bad port"), whose protocols
 * can be made to take the lines of a request as commands (mail, FTP, IRC …), and stores and daemons that obey whoever reaches them.
 * All others are allowed: services on the internet do listen at 8080, 8443, 3000.
 */
const BAD_PORTS = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 445, 1433, 1521, 2375, 2376, 2379, 3306, 3389, 5432,
  5900, 6379, 9042, 11211, 27017,
]);

export function isBadPort(port: string): boolean {
  return port !== '' && BAD_PORTS.has(Number(port));
}
