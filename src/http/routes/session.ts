/** Sign-in of the console: a one-time link or the admin key for a cookie that no script can read. */
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { AppError } from '../../base/errors.ts';
import { SessionView, SignIn } from '../../contract/control/index.ts';
import { checkSameOrigin } from '../middleware/auth.ts';
import { SESSION_COOKIE, SESSION_MS, type Sessions } from '../middleware/sessions.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { iso } from './wire.ts';

const TAG = 'Session';
const PATH = '/admin/v1/session';

export function sessionRoutes(routes: Routes, services: Services, sessions: Sessions): void {
  routes.open(
    { method: 'get', path: PATH, tag: TAG, summary: 'Whether the browser is signed in', response: SessionView },
    ({ context }) => {
      const expiresAt_ms = sessions.expiry(getCookie(context, SESSION_COOKIE));
      return expiresAt_ms === undefined ? { signed_in: false } : { signed_in: true, expires_at: iso(expiresAt_ms) };
    },
  );

  routes.open(
    {
      method: 'post',
      path: PATH,
      tag: TAG,
      summary: 'Sign in',
      body: SignIn,
      response: SessionView,
      errors: ['invalid_key'],
    },
    async ({ context, body }) => {
      const by = services.admin(body.token)
        ? 'admin key'
        : services.consoleTokens.take(body.token)
          ? 'link'
          : undefined;
      if (by === undefined)
        throw new AppError(
          'invalid_key',
          'This link was used or has expired; print a new one, or sign in with the admin key.',
        );
      const { id, expiresAt_ms } = sessions.open();
      await services.store.audit.append({ actor: 'admin', action: 'session.open', target: 'console', detail: { by } });
      setCookie(context, SESSION_COOKIE, id, { ...cookieOptions(context), maxAge: SESSION_MS / 1000 });
      return { signed_in: true, expires_at: iso(expiresAt_ms) };
    },
  );

  routes.open({ method: 'delete', path: PATH, tag: TAG, summary: 'Sign out', response: SessionView }, ({ context }) => {
    checkSameOrigin(context);
    sessions.close(getCookie(context, SESSION_COOKIE));
    deleteCookie(context, SESSION_COOKIE, cookieOptions(context));
    return { signed_in: false };
  });
}

/** `Secure` only where the page came by TLS: on plain loopback some browsers would drop the cookie. */
function cookieOptions(context: Context) {
  const isTls = context.req.header('x-forwarded-proto') === 'https' || new URL(context.req.url).protocol === 'https:';
  return { path: '/', httpOnly: true, sameSite: 'Strict', secure: isTls } as const;
}
