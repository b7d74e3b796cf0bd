/** Every route of the control plane, as its own document lists them, with parameters and bodies that nobody would send. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { startTestServer, type TestServer } from '../server-testing.ts';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
/** They answer with a file or never end. */
const LEFT_OUT = ['/admin/v1/backup', '/admin/v1/live'];

interface Parameter {
  name: string;
  in: string;
}
interface Route {
  path: string;
  method: string;
  query: string[];
  fields: string[];
}

let tw: TestServer;
let routes: Route[];

before(async () => {
  tw = await startTestServer();
  const document = (await (await fetch(`${tw.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { parameters?: Parameter[]; requestBody?: unknown }>>;
    components?: { schemas?: Record<string, unknown> };
  };
  routes = Object.entries(document.paths)
    .filter(([path]) => (path.startsWith('/admin/') || path.startsWith('/v1/')) && !LEFT_OUT.includes(path))
    .flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => ({
        path,
        method,
        query: (item[method]!.parameters ?? []).filter((one) => one.in === 'query').map((one) => one.name),
        fields: fieldsOf(item[method]!.requestBody, document.components?.schemas ?? {}),
      })),
    );
  assert.ok(routes.length > 40, `${routes.length} routes`);
});
after(() => tw.close());

/** Names of properties anywhere in a schema. */
function fieldsOf(schema: unknown, components: Record<string, unknown>, seen = new Set<unknown>()): string[] {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return [];
  seen.add(schema);
  const names = Object.keys((schema as { properties?: object }).properties ?? {});
  const reference = (schema as { $ref?: string }).$ref?.split('/').at(-1);
  if (reference) names.push(...fieldsOf(components[reference], components, seen));
  for (const value of Object.values(schema)) names.push(...fieldsOf(value, components, seen));
  return [...new Set(names)];
}

const text = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\ud800',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '%00',
    '-1',
    '1e999',
    'NaN',
    "' or 1=1 --",
    '=cmd()',
    '9'.repeat(400),
    'é'.repeat(5000),
    'default',
    'USD',
    '1.00',
    '2026-11',
    '0000-99-99',
    'total',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const value = fc.oneof(
  { weight: 3, arbitrary: text as fc.Arbitrary<unknown> },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, 0, -1, 0.5, 1e308, 2 ** 53, [], {}, [[]], [{}]) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown> },
);
const attempt = fc.record({
  route: fc.nat(),
  segment: text,
  fields: fc.array(fc.tuple(fc.nat(), value), { maxLength: 6 }),
  query: fc.array(fc.tuple(fc.nat(), text), { maxLength: 3 }),
  broken: fc.boolean(),
});

function pick<T>(list: readonly T[], at: number): T | undefined {
  return list.length === 0 ? undefined : list[at % list.length];
}

test('whatever is sent to a route, the answer is its own or a refusal that names the mistake', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(attempt, { minLength: 10, maxLength: 10 }), async (attempts) => {
      await Promise.all(
        attempts.map(async ({ route: at, segment, fields, query, broken }) => {
          const route = pick(routes, at)!;
          const path = route.path.replace(/\{[^}]+\}/g, () => encodeURIComponent(segment.toWellFormed()) || '-');
          const search = new URLSearchParams(
            query.flatMap(([name, one]) =>
              route.query.length > 0 ? [[pick(route.query, name)!, one] as [string, string]] : [],
            ),
          );
          const body = Object.fromEntries(
            fields.flatMap(([name, one]) => (route.fields.length > 0 ? [[pick(route.fields, name)!, one]] : [])),
          );
          const json = JSON.stringify(body);
          const answer = await fetch(`${tw.url}${path}?${search}`, {
            method: route.method.toUpperCase(),
            headers: { authorization: `Bearer ${tw.adminKey}`, 'content-type': 'application/json' },
            body: route.method === 'get' ? undefined : broken && fields.length === 0 ? json.slice(1) : json,
          });
          const reply = await answer.text();
          const seen = `${route.method} ${path.slice(0, 200)}?${search.toString().slice(0, 200)} ${json.slice(0, 300)} → ${answer.status} ${reply.slice(0, 300)}`;
          assert.ok(answer.status < 500 || answer.status === 502, seen);
          if (answer.status < 400) return;
          const { error } = JSON.parse(reply) as { error: { code: string; message: string } };
          assert.ok(error.code && error.code !== 'internal_error' && error.message.length <= 1500, seen);
        }),
      );
    }),
    { numRuns: 80, endOnFailure: true },
  );
});

test('the server still serves, and its books balance', async () => {
  assert.equal((await fetch(`${tw.url}/readyz`)).status, 200);
  await tw.server.services.flushUsage();
  assert.deepEqual(await tw.store.ledger.imbalances(), []);
});
