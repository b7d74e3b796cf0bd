/** Who calls: an API key, the admin key, or somebody who signed in to the console. */
import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Principal } from '../../accounts/index.ts';
import { AppError } from '../../base/errors.ts';
import { secretOf } from '../data-plane.ts';
import type { Services } from '../services.ts';
import { SESSION_COOKIE, type Sessions } from './sessions.ts';

export interface Auth {
  /** The principal of the call's API key or of the admin key. Throws AppError `invalid_key`. */
  key(context: Context): Promise<Principal>;
  /** The actor for the audit log. Throws AppError `invalid_key`, or `not_allowed` for a key without admin rights. */
  admin(context: Context): Promise<string>;
}

export const ADMIN_ACTOR = 'admin';

export function createAuth(services: Pick<Services, 'admin' | 'directory'>, sessions: Sessions): Auth {
  async function key(context: Context): Promise<Principal> {
    const secret = secretIn(context);
    return (secret !== undefined && services.admin(secret)) || services.directory.authenticate(secret);
  }

  return {
    key,
    async admin(context) {
      const secret = secretIn(context);
      if (secret === undefined) {
        if (sessions.expiry(getCookie(context, SESSION_COOKIE)) === undefined) {
          throw new AppError(
            'invalid_key',
            'The admin key is needed: "Authorization: Bearer …" or "x-api-key: …", or sign in to the console.',
          );
        }
        checkSameOrigin(context);
        return ADMIN_ACTOR;
      }
      if (services.admin(secret)) return ADMIN_ACTOR;
      // Tells a mistyped key from one that has no right to be here.
      await services.directory.authenticate(secret);
      throw new AppError('not_allowed', 'This needs the admin key; API keys may not call /admin/v1.');
    },
  };
}

export function secretIn(context: Context): string | undefined {
  return secretOf(context.req.header('authorization'), context.req.header('x-api-key')) || undefined;
}

/** A browser sends the cookie by itself, so a write has to prove that it comes from our own page. */
export function checkSameOrigin(context: Context): void {
  const { method } = context.req;
  if (method === 'GET' || method === 'HEAD') return;
  const site = context.req.header('sec-fetch-site');
  const origin = context.req.header('origin');
  const host = context.req.header('host') ?? new URL(context.req.url).host;
  const own = origin !== undefined && URL.parse(origin)?.host.toLowerCase() === host.toLowerCase();
  if (own && (site === undefined || site === 'same-origin')) return;
  throw new AppError('not_allowed', 'A signed-in page may write only from the address it was loaded from.');
}
