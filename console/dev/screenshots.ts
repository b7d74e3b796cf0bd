/**
 * Writes docs/console.png and docs/console.zh-CN.png: `node console/dev/screenshots.ts [FOLDER]`; with a folder, also the other sizes and themes there.
 * Every figure on them comes from real calls through the real server; only its clock is moved, since two weeks are long.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { findChromium, launch, openPage } from '../test/browser.ts';
import { startRealServer } from '../test/real-server.ts';
import { DAYS, makeTraffic, trafficConfig } from './traffic.ts';

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));
const DAY_MS = 86_400_000;
/** 15:20 in Shanghai, when a working day shows. */
const TIME_OF_DAY_MS = 7.33 * 3_600_000;
const PHONE = { width: 390, height: 844 };

interface Shot {
  file: string;
  options: BrowserContextOptions;
  full?: boolean;
  act?(page: Page): Promise<void>;
}

const shots: Shot[] = [
  { file: join(DOCS, 'console.png'), options: {} },
  { file: join(DOCS, 'console.zh-CN.png'), options: { locale: 'zh-CN' } },
];
const folder = process.argv[2];
if (folder) {
  for (const locale of ['en-US', 'zh-CN']) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const name = `${locale.slice(0, 2)}-${colorScheme}.png`;
      shots.push({ file: join(folder, `desktop-${name}`), options: { locale, colorScheme }, full: true });
      shots.push({
        file: join(folder, `phone-${name}`),
        options: { locale, colorScheme, viewport: PHONE },
        full: true,
      });
      shots.push({
        file: join(folder, `wide-${name}`),
        options: { locale, colorScheme, viewport: { width: 1600, height: 1000 } },
      });
      shots.push({ file: join(folder, `drawer-${name}`), options: { locale, colorScheme }, act: openFirst });
    }
  }
}

async function openFirst(page: Page): Promise<void> {
  await page.locator('[data-operation] button').first().click();
  await page.waitForSelector('[data-detail]');
}

const chromium = findChromium();
if (!chromium) throw new Error('no Chromium in /usr/bin, and CHROMIUM names none');
const end_ms = Math.floor(Date.now() / DAY_MS) * DAY_MS + TIME_OF_DAY_MS;
const server = await startRealServer({ config: trafficConfig, start_ms: end_ms - DAYS * DAY_MS });
const browser = await launch(chromium);
try {
  await makeTraffic(server, end_ms);
  for (const { file, options, full, act } of shots) {
    const { page, close } = await openPage(browser, `${server.url}/console/`, options);
    await page.locator('#admin-key').fill(server.adminKey);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-live=live]');
    await page.waitForSelector('[data-row]');
    await page.waitForSelector('[data-budget]');
    await page.mouse.move(0, 0);
    await act?.(page);
    await page.waitForTimeout(500);
    await page.screenshot({ path: file, fullPage: full ?? false });
    await close();
    console.log(file);
  }
} finally {
  await browser.close();
  await server.close();
}
