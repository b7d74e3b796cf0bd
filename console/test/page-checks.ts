/** What any page has to be for people who do not see it, do not see it well, or have no mouse. Runs in the browser. */
import type { Page } from 'playwright-core';

const NORMAL_TEXT = 4.5;
const LARGE_TEXT = 3;

/** Faults in words; none is what a test asks for. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = [];
    const shown = (element: Element): boolean => element.checkVisibility({ visibilityProperty: true });
    const named = (element: Element): boolean => {
      const by = (element.getAttribute('aria-labelledby') ?? '').split(' ').filter(Boolean);
      if (by.some((id) => document.getElementById(id)?.textContent?.trim())) return true;
      const labels = 'labels' in element ? [...((element as HTMLInputElement).labels ?? [])] : [];
      if (labels.some((label) => label.textContent?.trim())) return true;
      return Boolean(
        element.getAttribute('aria-label')?.trim() || (element.tagName !== 'INPUT' && element.textContent?.trim()),
      );
    };
    for (const element of document.querySelectorAll(
      'button, a[href], input, select, textarea, [role=slider], [role=meter], dialog, section',
    )) {
      if (shown(element) && !named(element)) faults.push(`no name: ${element.outerHTML.slice(0, 120)}`);
    }
    for (const image of document.querySelectorAll('img, svg')) {
      if (!image.closest('[aria-hidden=true]') && !image.getAttribute('alt') && !image.getAttribute('aria-label'))
        faults.push(`picture without a name: ${image.outerHTML.slice(0, 120)}`);
    }
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    for (const id of new Set(ids))
      if (ids.filter((other) => other === id).length > 1) faults.push(`id ${id} is there twice`);
    for (const attribute of ['aria-labelledby', 'aria-describedby']) {
      for (const element of document.querySelectorAll(`[${attribute}]`)) {
        for (const id of element.getAttribute(attribute)!.split(' '))
          if (!document.getElementById(id)) faults.push(`${attribute} names ${id}, which is not there`);
      }
    }
    const levels = [...document.querySelectorAll('h1, h2, h3, h4')]
      .filter(shown)
      .map((heading) => Number(heading.tagName[1]));
    if (levels.filter((level) => level === 1).length !== 1)
      faults.push(`${levels.filter((level) => level === 1).length} first headings`);
    levels.forEach((level, index) => {
      if (index > 0 && level > levels[index - 1]! + 1)
        faults.push(`a heading of level ${level} after one of ${levels[index - 1]}`);
    });
    if (document.querySelectorAll('main').length !== 1) faults.push('not one main');
    for (const header of document.querySelectorAll('th'))
      if (!header.scope) faults.push(`a table heading without a scope: ${header.textContent}`);
    for (const element of document.querySelectorAll('[tabindex]'))
      if (Number(element.getAttribute('tabindex')) > 0) faults.push('a tab order of its own');
    return faults;
  });
}

/** Texts whose contrast with what is behind them is too low: 4.5, or 3 for large ones (WCAG 2.2, 1.4.3). */
export async function contrastFaults(page: Page): Promise<string[]> {
  return page.evaluate(
    ([normal, large]) => {
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
      canvas.canvas.width = canvas.canvas.height = 1;
      // The browser's own reading of a colour, whatever way it is written in.
      const read = (colour: string, over: number[]): number[] => {
        canvas.fillStyle = `rgb(${over.join(' ')})`;
        canvas.fillRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
      };
      const luminance = (rgb: number[]): number => {
        const [r, g, b] = rgb.map((value) =>
          value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
        ) as [number, number, number];
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const behind = (element: Element | null): number[] => {
        if (!element) return [255, 255, 255];
        return read(getComputedStyle(element).backgroundColor, behind(element.parentElement));
      };
      const faults = new Set<string>();
      const walker = document.createTreeWalker(
        document.querySelector('dialog[open]') ?? document.body,
        NodeFilter.SHOW_TEXT,
      );
      while (walker.nextNode()) {
        const text = walker.currentNode.textContent?.trim();
        const element = walker.currentNode.parentElement!;
        if (
          !text ||
          element.closest('[data-ghost], script, style, noscript, .sr-only, .skip') ||
          !element.checkVisibility()
        )
          continue;
        const style = getComputedStyle(element);
        const base = behind(element);
        const ink = read(element.closest('svg') ? style.fill : style.color, base);
        const [lighter, darker] = [luminance(ink), luminance(base)].sort((a, b) => b - a) as [number, number];
        const ratio = (lighter + 0.05) / (darker + 0.05);
        const size = Number.parseFloat(style.fontSize);
        const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (isLarge ? large! : normal!))
          faults.add(`${ratio.toFixed(2)}: "${text.slice(0, 30)}" ${element.className}`);
      }
      return [...faults];
    },
    [NORMAL_TEXT, LARGE_TEXT],
  );
}

/** How many pixels the page is wider than its window, and what sticks out. */
export async function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter(
      (element) => element.getBoundingClientRect().right > clientWidth + 1,
    );
    return [
      `${scrollWidth - clientWidth} px too wide`,
      ...wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 100)),
    ];
  });
}
