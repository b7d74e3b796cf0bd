import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseLocale, nextTheme } from './preferences.ts';

test('the stored language wins, then the browser’s first that we speak', () => {
  assert.equal(chooseLocale('en', ['zh-CN']), 'en');
  assert.equal(chooseLocale(null, ['fr-FR', 'zh-TW', 'en']), 'zh-CN');
  assert.equal(chooseLocale('klingon', ['en-GB']), 'en');
  assert.equal(chooseLocale(null, []), 'en');
});

test('the theme switch goes round', () => {
  assert.equal(nextTheme('system'), 'light');
  assert.equal(nextTheme('light'), 'dark');
  assert.equal(nextTheme('dark'), 'system');
});
