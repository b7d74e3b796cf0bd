import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { createFormat, type Format } from '../lib/format.ts';

/** Numbers and times in the page's language and the given IANA zone (the browser's own unless given). */
export function useFormat(timezone?: string): Format {
  const { i18n } = useTranslation();
  const locale = i18n.language;
  return useMemo(
    () => createFormat(locale, timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone),
    [locale, timezone],
  );
}
