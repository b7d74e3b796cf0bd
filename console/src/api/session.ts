import { ApiError, call } from './client.ts';

/** Takes the one-time token out of `#token=…`; undefined when there is none. */
export function tokenOf(hash: string): string | undefined {
  const token = new URLSearchParams(hash.replace(/^#/, '')).get('token');
  return token || undefined;
}

/** `secret`: a one-time link's token or the admin key. Throws ApiError. */
export async function signIn(secret: string): Promise<void> {
  await call('/admin/v1/session', { method: 'POST', body: { token: secret } });
}

export async function signOut(): Promise<void> {
  await call('/admin/v1/session', { method: 'DELETE' });
}

/** Whether the browser bears a session. Throws ApiError when that can't be told (offline). */
export async function isSignedIn(): Promise<boolean> {
  try {
    const session = await call<{ signed_in: boolean }>('/admin/v1/session');
    return session.signed_in;
  } catch (error) {
    if (error instanceof ApiError && error.isSignedOut) return false;
    throw error;
  }
}
