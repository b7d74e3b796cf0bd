import { Health, Readiness } from '../../contract/control/index.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';

const STORE_WAIT_MS = 2000;

export function healthRoutes(routes: Routes, services: Services, isRestoring: () => boolean): void {
  routes.open(
    { method: 'get', path: '/healthz', tag: 'Server', summary: 'Whether the process is alive', response: Health },
    () => ({ status: 'live' }),
  );

  routes.open(
    {
      method: 'get',
      path: '/readyz',
      tag: 'Server',
      summary: 'Whether calls are served',
      response: Readiness,
      also: { 503: { description: 'Starting, draining, or without journal or store.', schema: Readiness } },
    },
    async ({ context }) => {
      if (!services.ready() || isRestoring()) return context.json({ status: 'starting' }, 503);
      const problems: string[] = [];
      if (!services.journalHealthy()) problems.push('the journal can not be written');
      if (!(await storeAnswers(services))) problems.push('the store does not answer');
      if (problems.length > 0) return context.json({ status: 'unavailable', problems }, 503);
      return { status: 'ready' as const };
    },
  );
}

export async function storeAnswers(services: Pick<Services, 'store'>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), STORE_WAIT_MS);
  const answer = services.store.ping().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
