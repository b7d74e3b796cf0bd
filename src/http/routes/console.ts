/** The console's built files. */
import { readFile, stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { AppError } from '../../base/errors.ts';
import type { Services } from '../services.ts';

const PREFIX = '/console/';

/** Nothing but what this server sends; nobody may frame it, and it may speak to nobody else. */
export const CONSOLE_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

export function consoleRoutes(app: OpenAPIHono, services: Pick<Services, 'consoleDir'>): void {
  app.get('/', (context) => context.redirect(PREFIX));
  app.get('/console/*', async (context) => {
    // The router leaves a last slash out, and here it tells a page's folder from the page.
    const { pathname, search } = new URL(context.req.url);
    if (pathname === '/console') return context.redirect(PREFIX + search);
    const { consoleDir } = services;
    if (consoleDir === undefined)
      throw new AppError('not_found', 'The console is not built here; run "npm run build" and start again.');
    const path = safePath(pathname.slice(PREFIX.length));
    const file = path === undefined ? undefined : await readIfFile(join(consoleDir, path));
    if (file && path !== '') return send(context, path!, file);
    // A page of the console's own router; a file that is missing is none.
    if (path === undefined || extname(path) !== '') throw new AppError('not_found', 'The console has no such file.');
    const index = await readIfFile(join(consoleDir, 'index.html'));
    if (!index) throw new AppError('not_found', 'The console is not built here; run "npm run build" and start again.');
    return send(context, 'index.html', index);
  });
}

function send(context: Context, path: string, file: Buffer): Response {
  context.header('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
  context.header('content-security-policy', CONSOLE_CSP);
  context.header('referrer-policy', 'no-referrer');
  context.header('x-frame-options', 'DENY');
  context.header('cross-origin-opener-policy', 'same-origin');
  context.header('cross-origin-resource-policy', 'same-origin');
  // The build names assets by their content, so a name never stands for something else.
  context.header('cache-control', path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
  return context.body(new Uint8Array(file));
}

/** A path below the folder, or undefined for one that leads out of it or to a hidden file. */
function safePath(path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return undefined;
  const clean = normalize(decoded);
  if (clean === '.' || clean === './') return '';
  if (clean.startsWith('/') || clean.split(sep).some((part) => part.startsWith('.'))) return undefined;
  return clean;
}

async function readIfFile(path: string): Promise<Buffer | undefined> {
  try {
    return (await stat(path)).isFile() ? await readFile(path) : undefined;
  } catch {
    return undefined;
  }
}
