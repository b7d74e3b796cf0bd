/**
 * The one guard before every outgoing request. What comes from outside (image URLs, web pages, webhooks, files) is fetched here,
 * and can only reach the public internet and hosts that the configuration names; providers get connections of their own.
 */
import type { Dispatcher } from 'undici';
import { type FetchLimits, type FetchOptions, type FetchReply, guardedFetch } from './fetch.ts';
import { type CheckedUrl, checkUrl, checkWithoutDns, type Resolve, refused, systemResolve } from './guard.ts';
import { readHostList } from './hosts.ts';
import { createPools, type PoolOptions } from './pools.ts';

export { type DataUrl, isDataUrl, readDataUrl } from './data-url.ts';
export type { FetchMethod, FetchOptions, FetchReply } from './fetch.ts';
export type { CheckedUrl, Resolve, ResolvedAddress } from './guard.ts';

export interface EgressLimits extends FetchLimits, PoolOptions {}

const DEFAULT_LIMITS: EgressLimits = {
  maxBytes: 20 * 1024 * 1024,
  timeout_ms: 30_000,
  maxRedirects: 5,
  connections: 4096,
  connect_timeout_ms: 10_000,
};

const MAX_CHECKED = 1_000;

export interface EgressOptions {
  /** `host`, `host:port`, `*.suffix`, an address, a range, or a URL: these may be at any address, for every use. */
  allowHosts: readonly string[];
  /** The same forms: base URLs of providers. They open `dispatcherFor` only, so that a caller's image URL can't reach a model server. */
  providerHosts?: readonly string[];
  resolve?: Resolve;
  limits?: Partial<EgressLimits>;
}

export interface Egress {
  /**
   * Resolves a URL's host and checks all its addresses. Throws AppError `not_allowed`, or `invalid_request` where it is no URL or
   * there is no such host. Only worth something if the connection then goes to `addresses`: `fetch` does both.
   */
  check(url: string | URL): Promise<CheckedUrl>;
  /** The same without DNS: undefined when only `check` can tell. Listed hosts and literal addresses are answered at once. */
  checkSyncIfKnown(url: string | URL): { url: URL; listed: boolean } | undefined;
  fetch(url: string | URL, options?: FetchOptions): Promise<FetchReply>;
  /** Kept connections to the origin of a provider or an allowed host. Throws `not_allowed` for any other. */
  dispatcherFor(origin: string | URL): Dispatcher;
  /** Takes over changed lists; connections that are open stay. */
  replaceHosts(lists: { allowHosts: readonly string[]; providerHosts?: readonly string[] }): void;
  /** Ends all connections, running requests included: drain before. */
  close(): Promise<void>;
}

/** Throws AppError `invalid_request` when a list has an entry that can't be read. */
export function createEgress(options: EgressOptions): Egress {
  const limits: EgressLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const resolve = options.resolve ?? systemResolve;
  const pools = createPools(limits);
  let allowed = readHostList(options.allowHosts);
  let providers = readHostList(options.providerHosts ?? []);
  /** What was asked for and may be called → its origin; every call comes by here. */
  const checked = new Map<string, string>();
  const check = (url: string | URL): Promise<CheckedUrl> => checkUrl(url, allowed, resolve);
  return {
    check,
    checkSyncIfKnown(url) {
      const known = checkWithoutDns(url, allowed);
      return known && { url: known.url, listed: known.listed };
    },
    fetch: (url, request = {}) => guardedFetch(url, request, limits, check),
    dispatcherFor(origin) {
      const text = String(origin);
      if (!checked.has(text)) {
        const url = new URL(text);
        if (!providers.has(url) && !allowed.has(url)) throw refused(url, 'it is no host of a provider');
        if (checked.size >= MAX_CHECKED) checked.clear();
        checked.set(text, url.origin);
      }
      return pools.get(checked.get(text)!);
    },
    replaceHosts(lists) {
      const nextAllowed = readHostList(lists.allowHosts);
      providers = readHostList(lists.providerHosts ?? []);
      allowed = nextAllowed;
      checked.clear();
    },
    close: () => pools.close(),
  };
}
