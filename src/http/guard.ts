import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { AppError } from '../base/errors.ts';

export interface GuardOptions {
  /** The name the server was told to listen on. */
  host: string;
  allowedHosts: readonly string[];
  allowedOrigins: readonly string[];
}

export interface Guard {
  /** Throws AppError `not_allowed` for a host name that is not ours (DNS rebinding) or a write from another site's page. */
  check(headers: IncomingHttpHeaders, method: string): void;
}

/**
 * Host and Origin against allow-lists. A page of another site can make a browser call this server under a name of its own choosing, but
 * neither under an IP address nor under `localhost`; so these, the configured host and the listed ones are served and no other.
 */
export function createGuard(options: GuardOptions): Guard {
  const hosts = new Set([
    'localhost',
    options.host.toLowerCase(),
    ...options.allowedHosts.map((host) => host.toLowerCase()),
  ]);
  const origins = new Set(options.allowedOrigins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
  // The same few values come with every call.
  const known = new Map<string, boolean>();

  function hostAllowed(value: string): boolean {
    const cached = known.get(value);
    if (cached !== undefined) return cached;
    const name = hostName(value);
    const allowed = name !== undefined && (hosts.has(name) || hosts.has(value.toLowerCase()) || isIP(name) !== 0);
    if (known.size > 1000) known.clear();
    known.set(value, allowed);
    return allowed;
  }

  return {
    check(headers, method) {
      const host = headers.host;
      if (!host || !hostAllowed(host)) {
        throw new AppError(
          'not_allowed',
          'This server is not called by that host name; add it to server.allowed_hosts in tokenworks.yaml.',
        );
      }
      const origin = headers.origin;
      if (origin === undefined || method === 'GET' || method === 'HEAD') return;
      const own = origin.toLowerCase();
      if (own === `http://${host.toLowerCase()}` || own === `https://${host.toLowerCase()}` || origins.has(own)) return;
      throw new AppError(
        'not_allowed',
        'Pages of that origin may not write here; add it to server.allowed_origins in tokenworks.yaml.',
      );
    },
  };
}

/** The name in a Host header, without port and brackets; undefined when it is no host at all. */
function hostName(value: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(value);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}
