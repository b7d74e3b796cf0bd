/** The control plane and everything that is not on the hot path. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { toAppError } from '../base/errors.ts';
import { errorBody } from '../gateway/errors.ts';
import type { Guard } from './guard.ts';
import type { Services } from './services.ts';

export function createApp(services: Services, guard: Guard): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const app = new Hono();
  app.get('/healthz', (context) => context.json({ status: 'live' }));
  app.get('/readyz', (context) => context.json({ status: services.ready() ? 'ready' : 'starting' }, services.ready() ? 200 : 503));
  app.onError((error, context) => {
    const failure = toAppError(error);
    return context.json(errorBody('openai', failure), failure.status as 400);
  });
  const listener = getRequestListener(app.fetch);
  return async (request, response) => {
    guard.check(request.headers, request.method ?? 'GET');
    await listener(request, response);
  };
}
