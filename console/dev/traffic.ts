/** Two weeks of a small company's calls: real ones, through the real server to the mock upstream, under a clock that runs ahead. */
import { type ScriptText, scriptPrompt } from '../../bench/mock-upstream.ts';
import type { RealServer } from '../test/real-server.ts';

const HOUR_MS = 3_600_000;
export const DAYS = 16;
const AT_ONCE = 12;
const PEAK_CALLS = 44;
/** Calls that are made last, at their own pace, so that the list shows what people wait for. */
const LAST_CALLS = 30;

interface Kind {
  key: string;
  model: string;
  weight: number;
  input: number;
  output: number;
  more?: ScriptText;
  stream?: boolean;
}

const KINDS: readonly Kind[] = [
  { key: 'web shop', model: 'smart', weight: 30, input: 2600, output: 420, more: { cached: 1400 }, stream: true },
  {
    key: 'web shop',
    model: 'openai/gpt-5.6-sol',
    weight: 18,
    input: 1900,
    output: 380,
    more: { reasoning: 140, cached: 600 },
  },
  { key: 'customer voice', model: 'deepseek/deepseek-v4', weight: 22, input: 3800, output: 260 },
  {
    key: 'data agent',
    model: 'ark/doubao-seed-2-pro',
    weight: 14,
    input: 5200,
    output: 700,
    more: { reasoning: 300 },
    stream: true,
  },
  { key: 'data agent', model: 'anthropic/claude-sonnet-5', weight: 7, input: 6400, output: 900, stream: true },
  { key: 'customer voice', model: 'reflex/default', weight: 12, input: 0, output: 0 },
  { key: 'web shop', model: 'openai/gpt-5.6-sol', weight: 0.5, input: 900, output: 0, more: { status: 500 } },
  {
    key: 'data agent',
    model: 'deepseek/deepseek-v4',
    weight: 0.4,
    input: 2000,
    output: 300,
    more: { fault: 'reset_mid' },
    stream: true,
  },
];

export function trafficConfig(mockUrl: string): string {
  const provider = (name: string, protocol: string, path: string, id: string, price: string): string =>
    `  - { name: ${name}, protocol: ${protocol}, base_url: "${mockUrl}${path}", api_key: sk-mock, models: [{ id: ${id}, price: { unit: 1M_tokens, ${price} } }] }`;
  return [
    'organisation: { name: default, timezone: Asia/Shanghai }',
    'providers:',
    provider(
      'openai',
      'openai',
      '/v1',
      'gpt-5.6-sol',
      'currency: USD, input: "2.00", output: "10.00", cache_read: "0.20"',
    ),
    provider(
      'anthropic',
      'anthropic',
      '',
      'claude-sonnet-5',
      'currency: USD, input: "3.00", output: "15.00", cache_read: "0.30"',
    ),
    provider(
      'deepseek',
      'openai',
      '/v1',
      'deepseek-v4',
      'currency: CNY, input: "2.00", output: "3.00", cache_read: "0.20"',
    ),
    provider(
      'ark',
      'ark',
      '/api/v3',
      'doubao-seed-2-pro',
      'currency: CNY, input: "3.20", output: "16.00", cache_read: "0.64"',
    ),
    'models:',
    '  - { name: smart, targets: [anthropic/claude-sonnet-5, openai/gpt-5.6-sol], retries: 1 }',
    '',
  ].join('\n');
}

/** A small generator with a seed, so that two runs look alike. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

export async function makeTraffic(server: RealServer, end_ms: number): Promise<void> {
  const next = random(11);
  const secrets = await makeAccounts(server);
  for (let hour = DAYS * 24; hour >= 1; hour--) {
    const at_ms = end_ms - hour * HOUR_MS;
    server.setClock(at_ms);
    const calls = Array.from({ length: callsIn(at_ms, hour, next) }, () => pick(next));
    while (calls.length > 0)
      await Promise.all(calls.splice(0, AT_ONCE).map((kind) => make(server, secrets, kind, next, {})));
  }
  server.setClock(end_ms);
  for (let call = 0; call < LAST_CALLS; call++) {
    const pace = { delay_ms: Math.round(90 + next() * 240), chunk_delay_ms: Math.round(40 + next() * 160), chunks: 8 };
    const open = make(server, secrets, pick(next), next, pace);
    await (next() < 0.6 ? open : new Promise((resolve) => setTimeout(resolve, 150)));
  }
}

async function makeAccounts(server: RealServer): Promise<Map<string, string>> {
  await server.post('/admin/v1/fx-rates', { base: 'CNY', quote: 'USD', rate: '0.14' });
  const limits: Record<string, object | undefined> = {
    'web shop': { amount: '60.00', currency: 'USD', window: 'month', hard: true },
    'customer voice': { amount: '12.00', currency: 'CNY', window: 'month', hard: false },
    'data agent': { amount: '4.00', currency: 'USD', window: 'day', hard: true },
  };
  const secrets = new Map<string, string>();
  for (const [name, budget] of Object.entries(limits)) {
    const made = await server.post<{ secret: string }>('/admin/v1/keys', { name, budget });
    secrets.set(name, made.secret);
  }
  await server.post('/admin/v1/budgets', {
    scope: 'organisation',
    amount: '250.00',
    currency: 'USD',
    window: 'month',
    hard: false,
  });
  return secrets;
}

/** A working day with a bump at lunch, quiet nights and weekends, a little more each day. */
function callsIn(at_ms: number, hoursLeft: number, next: () => number): number {
  const local = new Date(at_ms + 8 * HOUR_MS);
  const hour = local.getUTCHours();
  const day = 0.08 + Math.max(0, Math.sin(((hour - 7.5) / 13) * Math.PI)) * (hour === 12 ? 0.7 : 1);
  const weekend = [0, 6].includes(local.getUTCDay()) ? 0.4 : 1;
  const growth = 1.25 - (0.6 * hoursLeft) / (DAYS * 24);
  return Math.round(PEAK_CALLS * day * weekend * growth * (0.75 + next() * 0.5));
}

function pick(next: () => number): Kind {
  let at = next() * KINDS.reduce((sum, kind) => sum + kind.weight, 0);
  for (const kind of KINDS) {
    at -= kind.weight;
    if (at < 0) return kind;
  }
  return KINDS[0]!;
}

async function make(
  server: RealServer,
  secrets: Map<string, string>,
  kind: Kind,
  next: () => number,
  pace: ScriptText,
): Promise<void> {
  const spread = 0.5 + next();
  const script: ScriptText = {
    ...kind.more,
    ...pace,
    input: Math.round(kind.input * spread),
    output: Math.round(kind.output * spread),
  };
  if (script.cached) script.cached = Math.round(script.cached * spread);
  if (script.reasoning) script.reasoning = Math.min(Math.round(script.reasoning * spread), script.output ?? 0);
  const content =
    kind.model === 'reflex/default' ? 'Where is my order, and can I still change the address?' : scriptPrompt(script);
  const body = {
    model: kind.model,
    max_tokens: 4000,
    stream: kind.stream ?? false,
    messages: [{ role: 'user', content }],
  };
  await server.chat(body, secrets.get(kind.key), { 'x-tokenworks-tags': 'team=shop' }).catch(() => undefined);
}
