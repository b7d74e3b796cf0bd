import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/button.tsx';
import { ExitIcon, MarkIcon, MoonIcon, SunIcon, SystemIcon } from '../ui/icons.tsx';
import { applyLocale, applyTheme, type Locale, nextTheme, readTheme } from './preferences.ts';

const THEME_ICONS = { system: SystemIcon, light: SunIcon, dark: MoonIcon } as const;

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const other: Locale = i18n.language === 'zh-CN' ? 'en' : 'zh-CN';
  return (
    <Button
      kind="icon"
      lang={other}
      className="text-sm"
      title={t('app.language_label')}
      aria-label={t('app.language_label')}
      onClick={() => {
        applyLocale(other);
        void i18n.changeLanguage(other);
      }}
    >
      {t('app.language')}
    </Button>
  );
}

export function ThemeSwitch() {
  const { t } = useTranslation();
  const [theme, setTheme] = useState(readTheme);
  const Icon = THEME_ICONS[theme];
  return (
    <Button
      kind="icon"
      title={t(`theme.${theme}`)}
      aria-label={t(`theme.${theme}`)}
      onClick={() => {
        const next = nextTheme(theme);
        applyTheme(next);
        setTheme(next);
      }}
    >
      <Icon />
    </Button>
  );
}

interface Props {
  /** Name of the page that is shown. */
  page: string;
  status?: ReactNode;
  onSignOut(): void;
  children: ReactNode;
}

/** What stands around every page: the name, the state of the connection, the reader's choices. */
export function Shell({ page, status, onSignOut, children }: Props) {
  const { t } = useTranslation();
  return (
    <>
      <a href="#figures" className="skip">
        {t('app.skip')}
      </a>
      <header className="border-b border-rule">
        <div className="mx-auto flex h-12 max-w-[96rem] items-center gap-3 px-4 sm:px-8">
          <span className="flex items-center gap-2 font-semibold tracking-tight">
            <MarkIcon />
            Tokenworks
          </span>
          <span aria-hidden="true" className="hidden h-4 w-px bg-rule-2 sm:block" />
          <h1 className="sr-only text-ink-2 sm:not-sr-only">{page}</h1>
          <div className="ml-auto flex items-center gap-0.5">
            <div className="mr-2">{status}</div>
            <LanguageSwitch />
            <ThemeSwitch />
            <Button kind="icon" title={t('app.sign_out')} aria-label={t('app.sign_out')} onClick={onSignOut}>
              <ExitIcon />
            </Button>
          </div>
        </div>
      </header>
      <main id="figures" tabIndex={-1} className="mx-auto max-w-[96rem] px-4 pb-16 outline-none sm:px-8">
        {children}
      </main>
    </>
  );
}
