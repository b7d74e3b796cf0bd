/** What a reader has chosen, kept in this browser. */

export type Theme = 'system' | 'light' | 'dark';
export type Locale = 'en' | 'zh-CN';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
export const LOCALES: readonly Locale[] = ['en', 'zh-CN'];
const THEME = 'tokenworks.theme';
const LOCALE = 'tokenworks.locale';

/** Storage may be switched off; then a choice lasts as long as the page. */
function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // As above.
  }
}

export function readTheme(): Theme {
  const stored = read(THEME);
  return THEMES.find((theme) => theme === stored) ?? 'system';
}

export function applyTheme(theme: Theme): void {
  write(THEME, theme);
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** The theme after `theme` when its switch is pressed. */
export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
}

/** The stored choice, else the first of the browser's languages that we speak. */
export function chooseLocale(stored: string | null, languages: readonly string[]): Locale {
  const known = LOCALES.find((locale) => locale === stored);
  if (known) return known;
  for (const language of languages) {
    if (/^zh\b/i.test(language)) return 'zh-CN';
    if (/^en\b/i.test(language)) return 'en';
  }
  return 'en';
}

export function readLocale(): Locale {
  return chooseLocale(read(LOCALE), navigator.languages);
}

export function applyLocale(locale: Locale): void {
  write(LOCALE, locale);
  document.documentElement.lang = locale;
}
