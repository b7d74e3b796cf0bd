/** The control plane and everything else that is not on the hot path. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError, toAppError } from '../base/errors.ts';
import { redact } from '../base/text.ts';
import { errorBody } from '../gateway/errors.ts';
import type { Guard } from './guard.ts';
import { createAuth } from './middleware/auth.ts';
import { answerError, dialectOf, errorHeaders, readError } from './middleware/errors.ts';
import { Sessions } from './middleware/sessions.ts';
import { accountRoutes } from './routes/accounts.ts';
import { backupRoutes } from './routes/backup.ts';
import { barometerRoutes } from './routes/barometer.ts';
import { budgetRoutes } from './routes/budgets.ts';
import { consoleRoutes } from './routes/console.ts';
import { DATA_PLANE_PATHS, documentDataPlane } from './routes/data-plane-paths.ts';
import { createRoutes } from './routes/define.ts';
import { doctorRoutes } from './routes/doctor.ts';
import { documentRoutes } from './routes/documents.ts';
import { healthRoutes } from './routes/health.ts';
import { keyRoutes } from './routes/keys.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { metricRoutes } from './routes/metrics.ts';
import { modelRoutes } from './routes/models.ts';
import { operationRoutes } from './routes/operations.ts';
import { outcomeRoutes } from './routes/outcomes.ts';
import { priceRoutes } from './routes/prices.ts';
import { providerRoutes } from './routes/providers.ts';
import { recordRoutes } from './routes/records.ts';
import { reflexRoutes } from './routes/reflex.ts';
import { sessionRoutes } from './routes/session.ts';
import { usageRoutes } from './routes/usage.ts';
import { walletRoutes } from './routes/wallets.ts';
import type { Services } from './services.ts';

/** A listener for node:http. The guard's refusals and all other errors are answered in the shape of the surface that was called. */
export function createApp(
  services: Services,
  guard: Guard,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const app = createControlApp(services);
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return async (request, response) => {
    try {
      guard.check(request.headers, request.method ?? 'GET');
    } catch (error) {
      refuse(request, response, toAppError(error));
      return;
    }
    await listener(request, response);
  };
}

function refuse(request: IncomingMessage, response: ServerResponse, error: AppError): void {
  const path = (request.url ?? '/').split('?', 1)[0]!;
  const body = JSON.stringify(errorBody(dialectOf(path, request.headers['anthropic-version'] !== undefined), error));
  response.writeHead(error.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...errorHeaders(error),
  });
  response.end(body);
}

/** All routes, without sockets and without the guard. */
export function createControlApp(services: Services): OpenAPIHono {
  const sessions = new Sessions(services.clock);
  const routes = createRoutes(createAuth(services, sessions));
  const { app } = routes;

  app.use('*', async (context, next) => {
    await next();
    context.header('x-content-type-options', 'nosniff');
    if (!context.res.headers.has('cache-control')) context.header('cache-control', 'no-store');
  });
  documentDataPlane(app);
  modelRoutes(routes, services);
  operationRoutes(routes, services);
  outcomeRoutes(routes, services);
  reflexRoutes(routes, services);
  keyRoutes(routes, services);
  accountRoutes(routes, services);
  budgetRoutes(routes, services);
  walletRoutes(routes, services);
  usageRoutes(routes, services);
  barometerRoutes(routes, services);
  ledgerRoutes(routes, services);
  priceRoutes(routes, services);
  providerRoutes(routes, services);
  recordRoutes(routes, services);
  sessionRoutes(routes, services, sessions);
  healthRoutes(routes, services, () => !services.reflex.restored);
  doctorRoutes(routes, services);
  backupRoutes(routes, services);
  metricRoutes(routes, services);
  documentRoutes(app, services.version);
  consoleRoutes(app, services);

  app.notFound((context) => {
    const methods = allowedMethods(app, context.req.path);
    if (methods.length === 0) {
      return answerError(
        context,
        new AppError('not_found', 'There is nothing at this path; GET /docs lists what there is.'),
      );
    }
    context.header('allow', methods.join(', '));
    return answerError(
      context,
      new AppError('invalid_request', `${context.req.method} is not served here; use ${methods.join(' or ')}.`),
      405,
    );
  });
  app.onError((error, context) => {
    const failure = readError(error);
    if (failure.code === 'internal_error') {
      const cause = failure.cause ?? error;
      services.log('error', 'a request failed inside', {
        path: context.req.path,
        error: redact(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)),
      });
    }
    return answerError(context, failure);
  });
  return app;
}

/** Methods that the path would be served by. */
function allowedMethods(app: OpenAPIHono, path: string): string[] {
  const methods = new Set<string>();
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const [handlers] = app.router.match(method, path);
    if (handlers.some(([[, route]]) => route.method === method)) methods.add(method);
  }
  if (DATA_PLANE_PATHS.has(path)) methods.add('POST');
  return [...methods];
}
