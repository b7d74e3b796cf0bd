import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/client.ts';
import { isSignedIn, signIn, signOut, tokenOf } from '../api/session.ts';
import { BarometerPage } from '../pages/barometer/barometer-page.tsx';
import { SignInPage, type SignInProblem } from '../pages/sign-in/sign-in-page.tsx';

type Session = { state: 'checking' } | { state: 'in' } | { state: 'out'; problem?: SignInProblem };

/** Which of the two pages is shown: a session opens the console, anything else asks for one. */
export function App() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [session, setSession] = useState<Session>({ state: 'checking' });
  const started = useRef(false);

  useEffect(() => {
    // The token can be used once only, and a development build runs effects twice.
    if (started.current) return;
    started.current = true;
    void openSession().then(setSession);
  }, []);

  const leave = useCallback(() => {
    void signOut().catch(() => {});
    queries.clear();
    setSession({ state: 'out' });
  }, [queries]);

  const expire = useCallback(() => {
    queries.clear();
    setSession({ state: 'out' });
  }, [queries]);

  if (session.state === 'checking') {
    return (
      <p className="px-6 py-24 text-center text-ink-3" role="status">
        {t('sign_in.checking')}
      </p>
    );
  }
  if (session.state === 'out') {
    return <SignInPage problem={session.problem} onSignedIn={() => setSession({ state: 'in' })} />;
  }
  return <BarometerPage onSignOut={leave} onSessionLost={expire} />;
}

async function openSession(): Promise<Session> {
  const token = tokenOf(location.hash);
  // Out of the address bar and the history before anything else.
  if (token) history.replaceState(null, '', location.pathname + location.search);
  try {
    if (token) {
      await signIn(token);
      return { state: 'in' };
    }
    return (await isSignedIn()) ? { state: 'in' } : { state: 'out' };
  } catch (error) {
    if (error instanceof ApiError && error.isOffline) return { state: 'out', problem: 'offline' };
    // A link that was used before may belong to a session that still lasts.
    if (token && (await isSignedIn().catch(() => false))) return { state: 'in' };
    return { state: 'out', problem: token ? 'link_used' : undefined };
  }
}
