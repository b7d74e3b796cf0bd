import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Locale } from '../app/preferences.ts';
import en from './en.json';
import zh from './zh-CN.json';

export function startI18n(locale: Locale): void {
  void i18next.use(initReactI18next).init({
    lng: locale,
    fallbackLng: 'en',
    resources: { en: { translation: en }, 'zh-CN': { translation: zh } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
}
