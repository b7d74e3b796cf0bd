import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/client.ts';
import { signIn } from '../../api/session.ts';
import { LanguageSwitch, ThemeSwitch } from '../../app/shell.tsx';
import { Button } from '../../ui/button.tsx';
import { MarkIcon } from '../../ui/icons.tsx';

/** `message`: the server's own words, for what is none of the others. */
export type SignInProblem = 'link_used' | 'wrong_key' | 'offline' | { message: string };

const KEY_PATH = '$TOKENWORKS_HOME/admin-key';

export function SignInPage({ problem: first, onSignedIn }: { problem?: SignInProblem; onSignedIn(): void }) {
  const { t } = useTranslation();
  const [secret, setSecret] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(first);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      await signIn(secret.trim());
      onSignedIn();
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  }

  return (
    <>
      <div className="absolute top-2 right-4 flex sm:right-8">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
      <main className="mx-auto max-w-sm px-5 pt-[18vh] pb-16">
        <p className="flex items-center gap-2 font-semibold tracking-tight">
          <MarkIcon />
          Tokenworks
        </p>
        <h1 className="mt-8 text-2xl font-semibold tracking-tight">{t('sign_in.title')}</h1>
        <p className="mt-2 text-ink-2">{t('sign_in.lead')}</p>
        <form className="mt-6 grid gap-2" onSubmit={submit}>
          <label htmlFor="admin-key" className="text-sm font-medium">
            {t('sign_in.key')}
          </label>
          <input
            id="admin-key"
            type="password"
            autoComplete="current-password"
            spellCheck={false}
            required
            value={secret}
            aria-describedby={problem ? 'key-problem key-hint' : 'key-hint'}
            aria-invalid={problem !== undefined}
            onChange={(event) => setSecret(event.target.value)}
            className="w-full rounded-[3px] border border-rule-2 bg-raised px-3 py-2 font-mono text-base"
          />
          {problem && (
            <p id="key-problem" role="alert" className="text-sm text-bad">
              {typeof problem === 'object' ? problem.message : t(`sign_in.${problem}`)}
            </p>
          )}
          <p id="key-hint" className="text-sm text-ink-3">
            {t('sign_in.hint', { path: KEY_PATH })}
          </p>
          <Button
            kind="primary"
            type="submit"
            className="mt-3 justify-self-start"
            disabled={busy || secret.trim() === ''}
          >
            {busy ? t('sign_in.busy') : t('sign_in.submit')}
          </Button>
        </form>
      </main>
    </>
  );
}

function problemOf(error: unknown): SignInProblem {
  if (!(error instanceof ApiError)) return { message: String(error) };
  if (error.isOffline) return 'offline';
  return error.isSignedOut ? 'wrong_key' : { message: error.message };
}
