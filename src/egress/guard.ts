import { lookup } from 'node:dns/promises';
import { AppError } from '../base/errors.ts';
import { isPublicAddress, parseAddress } from './address.ts';
import { bare, type HostList, isBadPort, localName } from './hosts.ts';

export interface ResolvedAddress {
  address: string;
  family: 4 | 6;
}

/** All addresses of a host name. Handed in so that tests need no network. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

export const systemResolve: Resolve = async (hostname) => {
  const found = await lookup(hostname, { all: true, verbatim: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/** A URL that may be fetched, at the addresses that were checked: connect to these and to no others. */
export interface CheckedUrl extends ResolvedAddress {
  url: URL;
  /** The configuration names its host, so it may be at any address. */
  listed: boolean;
  /** All its addresses; `address` and `family` are the first one. */
  addresses: readonly ResolvedAddress[];
}

const MAX_URL_CHARACTERS = 8192;

/**
 * What can be said of a URL without asking DNS: a checked URL for literal addresses, one without addresses for listed names,
 * undefined for names that have to be resolved. Throws AppError `invalid_request` (no URL) or `not_allowed`.
 */
export function checkWithoutDns(
  input: string | URL,
  list: HostList,
): { url: URL; listed: boolean; literal?: ResolvedAddress } | undefined {
  const url = readHttpUrl(input);
  const listed = list.has(url);
  const literal = literalAddress(url);
  if (listed) return { url, listed, literal };
  if (isBadPort(url.port)) throw refused(url, `port ${url.port} belongs to another protocol`);
  if (literal) {
    if (!isPublicAddress(literal.address)) throw refused(url, 'its address is not on the public internet');
    return { url, listed, literal };
  }
  const local = localName(url.hostname);
  if (local) throw refused(url, `its host ${local}`);
  return undefined;
}

/** Checks a URL and all addresses of its host; one address that is not public refuses it. */
export async function checkUrl(input: string | URL, list: HostList, resolve: Resolve): Promise<CheckedUrl> {
  const known = checkWithoutDns(input, list);
  if (known?.literal) return { url: known.url, listed: known.listed, ...known.literal, addresses: [known.literal] };
  const url = known?.url ?? readHttpUrl(input);
  const listed = known?.listed ?? false;
  const addresses = await resolveHost(url, resolve);
  if (!listed && !addresses.every(({ address }) => isPublicAddress(address) || list.hasAddress(address))) {
    throw refused(url, 'its host resolves to an address that is not on the public internet');
  }
  return { url, listed, ...addresses[0]!, addresses };
}

/** Throws `not_allowed` with the host and the reason; never the URL, whose query may hold a secret. */
export function refused(url: URL, reason: string): AppError {
  return new AppError(
    'not_allowed',
    `${url.host} may not be called: ${reason}. Where that is meant, name the host in the configuration (egress.allow).`,
  );
}

function readHttpUrl(input: string | URL): URL {
  const text = String(input);
  if (text.length > MAX_URL_CHARACTERS) {
    throw new AppError('invalid_request', `The URL has ${text.length} characters; ${MAX_URL_CHARACTERS} are the most.`);
  }
  const url = URL.parse(text);
  if (!url)
    throw new AppError(
      'invalid_request',
      'The URL can not be read; write it in full, such as https://example.com/image.png.',
    );
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new AppError('not_allowed', `URLs of the scheme "${url.protocol}" may not be called: use https or http.`);
  }
  if (url.username || url.password) throw refused(url, 'it has a user name or password in it');
  return url;
}

/** The address that a URL has in place of a name (URLs write every IPv4 form in four decimal parts). */
function literalAddress(url: URL): ResolvedAddress | undefined {
  const address = bare(url.hostname);
  const parsed = parseAddress(address);
  return parsed && { address, family: parsed.kind() === 'ipv6' ? 6 : 4 };
}

async function resolveHost(url: URL, resolve: Resolve): Promise<readonly ResolvedAddress[]> {
  let addresses: readonly ResolvedAddress[];
  try {
    addresses = await resolve(url.hostname);
  } catch (cause) {
    const again = (cause as NodeJS.ErrnoException)?.code === 'EAI_AGAIN';
    const message = again
      ? `The name ${url.hostname} could not be resolved just now.`
      : `There is no host ${url.hostname}.`;
    throw new AppError(again ? 'upstream_error' : 'invalid_request', message, { cause });
  }
  if (addresses.length === 0) throw new AppError('invalid_request', `There is no host ${url.hostname}.`);
  return addresses;
}
