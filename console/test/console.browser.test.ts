/**
 * The built console in a real browser, on the real server: `node --test console/test/console.browser.test.ts`.
 * Chromium is taken from /usr/bin (or CHROMIUM); without one the tests are skipped.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type MockServer, startMockServer } from '../dev/mock-server.ts';
import type { BarometerView, BudgetView, OperationView, UsageReport } from '../src/api/wire.ts';
import { totalTokens } from '../src/lib/usage.ts';
import { findChromium, launch, openPage } from './browser.ts';
import { accessibilityFaults, contrastFaults, overflow } from './page-checks.ts';
import { type RealServer, startRealServer } from './real-server.ts';

const chromium = findChromium();
const skip = chromium ? false : 'no Chromium in /usr/bin; install it (apt-get install chromium) or name it in CHROMIUM';
const PHONE = { width: 390, height: 844 };

let browser: Browser;
before(async () => {
  if (chromium) browser = await launch(chromium);
});
after(async () => browser?.close());

async function signIn(page: Page, secret: string): Promise<void> {
  await page.getByLabel(/Admin key|管理员密钥/).fill(secret);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-total]');
}

const isLive = (page: Page) => page.waitForSelector('[data-live=live]');
/** The exact amounts that an element shows, by currency. */
const amountsIn = (page: Page, selector: string): Promise<Record<string, string>> =>
  page.$$eval(`${selector} [data-amount]`, (amounts) =>
    Object.fromEntries(
      amounts.flatMap((amount) =>
        amount.getAttribute('data-currency')
          ? [[amount.getAttribute('data-currency')!, amount.getAttribute('data-amount')!]]
          : [],
      ),
    ),
  );

const readRow = (page: Page, selector: string) =>
  page.$eval(selector, (row) => ({
    tokens: Number(row.getAttribute('data-tokens')),
    requests: Number(row.getAttribute('data-requests')),
    text: row.textContent ?? '',
  }));

describe('on the real server', { skip }, () => {
  let server: RealServer;
  let key: { id: string; secret: string };

  before(async () => {
    server = await startRealServer();
  });
  after(async () => server?.close());

  test('a one-time link signs in, leaves the address bar, and works once', async () => {
    const { page, complaints, close } = await openPage(browser, server.link);
    await page.waitForSelector('[data-total]');
    assert.equal(await page.evaluate(() => location.hash), '');
    assert.equal(await page.getAttribute('[data-total]', 'data-total'), '0');
    await isLive(page);
    const curl = await page.textContent('pre');
    assert.match(curl!, new RegExp(`^curl ${server.url}/v1/chat/completions`));
    assert.match(curl!, /reflex\/default/);
    assert.deepEqual(complaints, []);
    await page.reload();
    await page.waitForSelector('[data-total]');

    await page.context().clearCookies();
    await page.goto('about:blank');
    await page.goto(server.link);
    await page.getByRole('alert').waitFor();
    assert.match((await page.textContent('[role=alert]'))!, /used already/);
    assert.equal(await page.evaluate(() => location.hash), '');
    await close();
  });

  test('a wrong key is told, the right one opens the page', async () => {
    const { page, close } = await openPage(browser, `${server.url}/console/`);
    await page.getByLabel('Admin key').fill('tw-admin-wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    assert.match((await page.textContent('[role=alert]'))!, /not the admin key/);
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.deepEqual(await contrastFaults(page), []);
    await signIn(page, server.adminKey);
    // The key stays nowhere that a script could find it.
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    );
    assert.ok(!kept.includes(server.adminKey) && !kept.includes('tw_session'), kept);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Admin key').waitFor();
    await page.reload();
    await page.getByLabel('Admin key').waitFor();
    await close();
  });

  test('the first call appears on an open page at once', async () => {
    const { page, complaints, close } = await openPage(browser, `${server.url}/console/`);
    await signIn(page, server.adminKey);
    await isLive(page);
    const answer = await server.chat({ model: 'reflex/default', messages: [{ role: 'user', content: 'Hello' }] });
    assert.equal(answer.status, 200);
    const id = answer.headers.get('x-tokenworks-operation')!;
    await page.waitForSelector(`[data-operation="${id}"]`);
    await page.waitForFunction(() => document.querySelector('[data-total]')?.getAttribute('data-total') !== '0');
    assert.equal(await page.locator('pre').count(), 0);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('figures are those of the ledger, to the last digit', async () => {
    key = await server.post('/admin/v1/keys', {
      name: 'web shop',
      budget: { amount: '0.05', currency: 'USD', window: 'month', hard: true },
    });
    await server.post('/admin/v1/budgets', {
      scope: 'organisation',
      amount: '100.00',
      currency: 'USD',
      window: 'day',
      hard: false,
    });
    const say = (content: string) => [{ role: 'user', content }];
    for (let turn = 0; turn < 6; turn++) {
      await server.chat(
        {
          model: 'openai/gpt-5.6-sol',
          messages: say(`#script {"input":${700 + turn},"cached":100,"output":${211 + turn},"reasoning":40}`),
        },
        key.secret,
      );
      await server.chat(
        {
          model: 'smart',
          stream: true,
          max_tokens: 500,
          messages: say(`#script {"input":${900 + turn},"output":${333 + turn}}`),
        },
        key.secret,
      );
    }
    await server.chat({ model: 'openai/preview-unpriced', messages: say('#script {"input":50,"output":10}') });
    await server.chat({ model: 'openai/gpt-5.6-sol', messages: say('#script {"status":500}') });

    const { page, complaints, close } = await openPage(browser, `${server.url}/console/`);
    await signIn(page, server.adminKey);
    for (const group of ['model', 'key', 'project'] as const) {
      await page.getByRole('radio', { name: new RegExp(`^${group}$`, 'i') }).check({ force: true });
      await page.waitForSelector(`[data-usage=${group}] [data-row]`);
      const report = await server.get<UsageReport>(`/admin/v1/usage?group_by=${group}&from=24h`);
      assert.ok(report.data.length > 0);
      assert.equal(await page.locator('[data-row]').count(), report.data.length);
      for (const row of report.data) {
        const line = `[data-row="${row.group[group]}"]`;
        const shown = await readRow(page, line);
        assert.equal(shown.tokens, totalTokens(row.usage), line);
        assert.equal(shown.requests, row.requests, line);
        assert.ok(shown.text.includes(totalTokens(row.usage).toLocaleString('en')), shown.text);
        assert.deepEqual(await amountsIn(page, `${line} td:nth-of-type(4)`), row.cost, line);
        assert.deepEqual(await amountsIn(page, `${line} td:nth-of-type(5)`), row.charge, line);
        if (row.unpriced === row.requests) assert.match(shown.text, /no price/);
      }
    }
    const total = await server.get<BarometerView>('/admin/v1/barometer');
    await page.waitForFunction(
      (tokens) => document.querySelector('[data-total]')?.getAttribute('data-total') === tokens,
      String(total.tokens.total),
    );
    const month = await server.get<UsageReport>('/admin/v1/usage?from=24h');
    assert.deepEqual(await amountsIn(page, '[data-reading=charged-today]'), month.data[0]!.charge);

    const budgets = (await server.get<{ data: BudgetView[] }>('/admin/v1/budgets')).data;
    assert.equal(await page.locator('[data-budget]').count(), budgets.length);
    for (const budget of budgets)
      assert.equal(await page.getAttribute(`[data-budget="${budget.id}"] [data-amount]`, 'data-amount'), budget.spent);
    assert.ok(budgets.some((budget) => Number(budget.spent) > 0));
    assert.deepEqual(complaints, []);
    await close();
  });

  test('an operation opens with the keyboard, shows its parts and price, and gives the focus back', async () => {
    const { page, complaints, close } = await openPage(browser, `${server.url}/console/`);
    await signIn(page, server.adminKey);
    const list = await server.get<{ data: OperationView[] }>('/admin/v1/operations?limit=50');
    const operation = list.data.find(
      (each) => each.deployment === 'openai/gpt-5.6-sol' && each.status === 'completed',
    )!;
    await page.waitForSelector(`[data-operations]`);
    const more = page.getByRole('button', { name: /Show all/ });
    if (await more.count()) await more.click();
    const button = page.locator(`[data-operation="${operation.id}"] button`);
    await button.focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector(`[data-detail="${operation.id}"]`);
    const dialog = page.getByRole('dialog');
    for (const [field, count] of Object.entries(operation.usage)) {
      const part = dialog.locator(`[data-part=${field}] td`).last();
      if (count > 0) assert.equal(await part.textContent(), count.toLocaleString('en'), field);
    }
    const text = (await dialog.textContent())!;
    assert.ok(text.includes(operation.price_version!), text);
    assert.ok(text.includes(operation.cost!), text);
    assert.ok(text.includes('Attempt 1'));
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.deepEqual(await contrastFaults(page), []);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await button.evaluate((element) => element === document.activeElement), true);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('language and theme switch, are kept, and are readable in all four', async () => {
    const { page, complaints, close } = await openPage(browser, `${server.url}/console/`);
    await signIn(page, server.adminKey);
    await page.waitForSelector('[data-row]');
    assert.equal(await page.getAttribute('html', 'lang'), 'en');
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await paper();
    for (const theme of ['light', 'dark']) {
      await page.getByRole('button', { name: /^Theme/ }).click();
      assert.equal(await page.getAttribute('html', 'data-theme'), theme);
      assert.deepEqual(await contrastFaults(page), [], theme);
      assert.deepEqual(await accessibilityFaults(page), []);
    }
    assert.notEqual(await paper(), light);
    // The check itself: faint ink is a fault.
    await page.evaluate(() => document.documentElement.style.setProperty('--ink-3', 'var(--ghost)'));
    assert.notDeepEqual(await contrastFaults(page), []);
    await page.evaluate(() => document.documentElement.style.removeProperty('--ink-3'));
    await page.getByRole('button', { name: '切换到中文' }).click();
    assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
    await page.reload();
    await page.waitForSelector('[data-row]');
    assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
    assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
    assert.ok(await page.getByRole('heading', { name: '最近调用' }).count());
    assert.deepEqual(await contrastFaults(page), []);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a browser in Chinese and dark gets both unasked', async () => {
    const { page, close } = await openPage(browser, `${server.url}/console/`, { locale: 'zh-CN', colorScheme: 'dark' });
    assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
    assert.deepEqual(await contrastFaults(page), []);
    await close();
  });

  test('from a phone to a wide screen nothing sticks out', async () => {
    for (const locale of ['en-US', 'zh-CN']) {
      const { page, close } = await openPage(browser, `${server.url}/console/`, { viewport: PHONE, locale });
      await signIn(page, server.adminKey);
      await page.waitForSelector('[data-row]');
      for (const width of [320, 390, 640, 768, 1024, 1280, 1600]) {
        await page.setViewportSize({ width, height: 844 });
        // The chart is drawn to its measured width, which is known a frame later.
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        assert.deepEqual(await overflow(page), [], `${locale} ${width}`);
        assert.deepEqual(await accessibilityFaults(page), [], `${locale} ${width}`);
      }
      await close();
    }
  });

  test('the whole page can be walked with the keyboard, with no trap', async () => {
    const { page, close } = await openPage(browser, `${server.url}/console/`);
    await signIn(page, server.adminKey);
    await page.waitForSelector('[data-row]');
    await page.reload();
    await page.waitForSelector('[data-row]');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.className), 'skip');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'figures');
    const seen = new Set<string>();
    for (let step = 0; step < 60; step++) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return undefined;
        const ringed = element.matches('input') ? element.parentElement! : element;
        return {
          name: element.getAttribute('role') ?? element.tagName,
          text: element.getAttribute('aria-label') ?? element.textContent ?? '',
          ring: getComputedStyle(ringed).outlineStyle,
        };
      });
      if (!focus) break;
      assert.equal(focus.ring, 'solid', `no ring on ${focus.name} ${focus.text}`);
      seen.add(`${focus.name} ${focus.text}`);
    }
    assert.ok(
      [...seen].some((name) => name.startsWith('slider')),
      [...seen].join('\n'),
    );
    assert.ok(
      [...seen].some((name) => name.includes('Details of the call')),
      [...seen].join('\n'),
    );

    const chart = page.getByRole('slider');
    await chart.focus();
    await page.keyboard.press('End');
    assert.match((await chart.getAttribute('aria-valuetext'))!, /[1-9][\d,]* tokens/);
    await page.waitForSelector('[data-tooltip]');
    await page.keyboard.press('Home');
    assert.equal(await chart.getAttribute('aria-valuenow'), '0');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('[data-tooltip]').count(), 0);
    await close();
  });

  test('the build has nothing that the policy would have to make room for', async () => {
    const answer = await fetch(`${server.url}/console/`);
    const html = await answer.text();
    assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\bon\w+=|style=|https?:\/\//);
    const policy = answer.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    let bytes = 0;
    for (const [, path] of html.matchAll(/src="([^"]+\.js)"/g)) {
      const script = await (await fetch(new URL(path!, answer.url))).arrayBuffer();
      bytes += new Uint8Array(
        await new Response(new Blob([script]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
      ).length;
    }
    assert.ok(bytes > 0 && bytes < 150_000, `${bytes} bytes of scripts, gzipped`);
  });
});

describe('where the server is in trouble', { skip }, () => {
  let mock: MockServer;
  before(async () => {
    mock = await startMockServer({ still: true });
  });
  after(async () => mock?.close());

  test('a part that fails says so and is asked for again on demand; the others stand', async () => {
    mock.failing.add('/admin/v1/budgets');
    const { page, close } = await openPage(browser, `${mock.url}/console/`);
    await signIn(page, 'admin');
    await page.waitForSelector('[data-row]');
    const failed = page.getByRole('alert');
    await failed.waitFor();
    assert.match((await failed.textContent())!, /could not be loaded/);
    assert.deepEqual(await contrastFaults(page), []);
    mock.failing.clear();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('[data-budget]');
    await close();
  });

  test('a lost connection is told, and comes back by itself', async () => {
    const { page, close } = await openPage(browser, `${mock.url}/console/`);
    await signIn(page, 'admin');
    await isLive(page);
    const port = Number(new URL(mock.url).port);
    await mock.close();
    await page.waitForSelector('[data-live=offline]');
    assert.match((await page.getByRole('alert').first().textContent())!, /connection is lost/);
    assert.ok(await page.locator('[data-total="48309114"]').count(), 'the last figures stay');
    mock = await startMockServer({ port, still: true });
    await page.getByRole('button', { name: 'Try now' }).click();
    await isLive(page);
    assert.equal(await page.getByText(/connection is lost/).count(), 0);
    await close();
  });

  test('a session that ends leads back to the sign-in', async () => {
    const { page, close } = await openPage(browser, `${mock.url}/console/`);
    await signIn(page, 'admin');
    await page.waitForSelector('[data-row]');
    await page.context().clearCookies();
    await page.getByRole('radio', { name: '7 d' }).click({ force: true });
    await page.getByLabel('Admin key').waitFor();
    await close();
  });
});
