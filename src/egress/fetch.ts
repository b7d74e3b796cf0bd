import type { LookupFunction } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Client, type Dispatcher } from 'undici';
import { AppError } from '../base/errors.ts';
import { type CheckedUrl, refused } from './guard.ts';

export type FetchMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface FetchOptions {
  method?: FetchMethod;
  /** `host`, lengths and connection headers are set here; what is given of them is left out. */
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Largest body that is taken, after decompression. */
  maxBytes?: number;
  /** For everything: DNS, connections, redirects and the body. */
  timeout_ms?: number;
  /** 0: a redirect is an answer like any other. */
  maxRedirects?: number;
  /** Media types that are taken from a 2xx answer (`image/*`, `application/json`); also sent as `accept`. */
  accept?: readonly string[];
  signal?: AbortSignal;
}

export interface FetchReply {
  /** Where the answer came from, after redirects. */
  url: URL;
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export interface FetchLimits {
  maxBytes: number;
  timeout_ms: number;
  maxRedirects: number;
}

type Check = (url: string | URL) => Promise<CheckedUrl>;

interface Hop {
  method: FetchMethod;
  headers: Record<string, string>;
  body: string | Uint8Array | undefined;
}

/** Set by the client itself; a caller's value could make the message mean something else to a proxy or another host. */
const OWN_HEADERS = new Set([
  'host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'te', 'trailer', 'expect',
  'proxy-authorization', 'proxy-connection', 'accept-encoding',
]); // biome-ignore format: one list
/** All that another origin gets to see after a redirect: anything else may be a credential. */
const HARMLESS_HEADERS = new Set([
  'accept',
  'accept-language',
  'user-agent',
  'range',
  'if-none-match',
  'if-modified-since',
]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches a URL of unknown origin. Every hop is checked, and its connection goes to an address that was just checked.
 * Throws AppError: `not_allowed`, `invalid_request` (no such host, another media type), `too_large`, `upstream_timeout`,
 * `upstream_error`; or the signal's reason.
 */
export async function guardedFetch(
  input: string | URL,
  options: FetchOptions,
  limits: FetchLimits,
  check: Check,
): Promise<FetchReply> {
  const timeout = AbortSignal.timeout(options.timeout_ms ?? limits.timeout_ms);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  let host = '';
  const checkHop: Check = async (url) => {
    const checked = await orAbort(check(url), signal);
    host = checked.url.host;
    return checked;
  };
  try {
    options.signal?.throwIfAborted();
    return await followRedirects(input, options, limits, checkHop, signal);
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    if (timeout.aborted)
      throw new AppError('upstream_timeout', `${host || 'The host'} did not answer in time.`, { cause: error });
    if (error instanceof AppError) throw error;
    const code = (error as NodeJS.ErrnoException)?.code ?? 'connection failed';
    throw new AppError('upstream_error', `${host} could not be read (${code}).`, { cause: error });
  }
}

async function followRedirects(
  input: string | URL,
  options: FetchOptions,
  limits: FetchLimits,
  check: Check,
  signal: AbortSignal,
): Promise<FetchReply> {
  const maxRedirects = options.maxRedirects ?? limits.maxRedirects;
  const maxBytes = options.maxBytes ?? limits.maxBytes;
  let target = await check(input);
  let hop: Hop = { method: options.method ?? 'GET', headers: firstHeaders(options), body: options.body };
  for (let redirects = 0; ; redirects++) {
    const reply = await callOnce(target, hop, options, maxBytes, maxRedirects > 0, signal);
    if (!('location' in reply)) return reply;
    if (redirects >= maxRedirects)
      throw new AppError('upstream_error', `${target.url.host} redirects more than ${maxRedirects} times.`);
    const next = URL.parse(reply.location, target.url.href);
    if (!next) throw new AppError('upstream_error', `${target.url.host} redirects to something that is no URL.`);
    hop = nextHop(hop, reply.status, target.url, next);
    target = await check(next);
  }
}

/** One request on a connection of its own, which can only reach the addresses that were checked. */
async function callOnce(
  { url, addresses }: CheckedUrl,
  hop: Hop,
  options: FetchOptions,
  maxBytes: number,
  follow: boolean,
  signal: AbortSignal,
): Promise<FetchReply | { location: string; status: number }> {
  const client = new Client(url.origin, {
    allowH2: false,
    connect: { lookup: pinned(addresses), autoSelectFamily: true },
    maxHeaderSize: 32 * 1024,
  });
  try {
    const { method, headers, body } = hop;
    const response = await client.request({ path: url.pathname + url.search, method, headers, body, signal });
    const { statusCode: status, headers: received } = response;
    const { location } = received;
    // Left unread on a redirect or a refusal; destroying the client then makes it fail, which is nobody's concern.
    response.body.on('error', () => {});
    if (follow && REDIRECTS.has(status) && typeof location === 'string') return { location, status };
    if (status >= 200 && status < 300) checkMediaType(url, received['content-type'], options.accept);
    const bytes = method === 'HEAD' ? Buffer.alloc(0) : await readBody(url, response, maxBytes);
    return { url, status, headers: received, body: bytes };
  } finally {
    // Not close(): what was not read of the body must not be waited for.
    await client.destroy();
  }
}

function pinned(addresses: CheckedUrl['addresses']): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) callback(null, [...addresses]);
    else callback(null, addresses[0]!.address, addresses[0]!.family);
  };
}

function firstHeaders({ headers = {}, accept }: FetchOptions): Record<string, string> {
  const sent: Record<string, string> = { 'accept-encoding': 'gzip, deflate, br' };
  if (accept) sent.accept = accept.join(', ');
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!OWN_HEADERS.has(lower)) sent[lower] = value;
  }
  return sent;
}

/** As browsers do it (WHATWG Fetch, HTTP-redirect fetch), but that a body and unknown headers never go to another origin. */
function nextHop(hop: Hop, status: number, from: URL, to: URL): Hop {
  const toGet =
    (status === 303 && hop.method !== 'HEAD') || ((status === 301 || status === 302) && hop.method === 'POST');
  const method = toGet ? 'GET' : hop.method;
  const body = toGet ? undefined : hop.body;
  const sameOrigin = from.origin === to.origin;
  if (!sameOrigin && body !== undefined) throw refused(to, `${from.host} wants the request's body sent on to it`);
  const kept = Object.entries(hop.headers).filter(([name]) => {
    if (body === undefined && name.startsWith('content-')) return false;
    return sameOrigin || HARMLESS_HEADERS.has(name) || name === 'accept-encoding';
  });
  return { method, headers: Object.fromEntries(kept), body };
}

function checkMediaType(url: URL, header: string | string[] | undefined, accept: readonly string[] | undefined): void {
  if (!accept) return;
  const type = String(header ?? '')
    .split(';')[0]!
    .trim()
    .toLowerCase();
  const fits = accept.some(
    (each) => each === '*/*' || each === type || (each.endsWith('/*') && type.startsWith(each.slice(0, -1))),
  );
  if (fits) return;
  throw new AppError(
    'invalid_request',
    `${url.host} answered with "${type || 'no media type'}"; expected ${accept.join(' or ')}.`,
  );
}

async function readBody(url: URL, response: Dispatcher.ResponseData, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => new AppError('too_large', `${url.host} answered with more than ${maxBytes} bytes.`);
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decoded(url, response)) {
    size += chunk.length;
    // Checked chunk by chunk, so that a small body that unpacks to a huge one stops here.
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function decoded(url: URL, { body, headers }: Dispatcher.ResponseData): Readable {
  const encoding = String(headers['content-encoding'] ?? 'identity')
    .trim()
    .toLowerCase();
  if (encoding === 'identity' || encoding === '') return body;
  const decoder = decoderOf(encoding);
  if (!decoder)
    throw new AppError(
      'upstream_error',
      `${url.host} answered in the encoding "${encoding}", which was not asked for.`,
    );
  // A failure of either side destroys the other; the reader of the decoder sees it.
  return pipeline(body, decoder, () => {});
}

function decoderOf(
  encoding: string,
): ReturnType<typeof createGunzip> | ReturnType<typeof createBrotliDecompress> | undefined {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  return undefined;
}

/** DNS can't be cancelled; its answer is left alone when it comes too late. */
async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
