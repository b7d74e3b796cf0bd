/** Plausible figures in the shapes of the wire, the same at every start; for work on the page without a server. */
import type {
  BarometerView,
  BudgetView,
  KeyView,
  LiveOperationView,
  OperationView,
  UsageReport,
  UsageRowView,
  UsageView,
} from '../src/api/wire.ts';
import { addDecimals } from '../src/lib/decimal.ts';
import { dayOf } from '../src/lib/time.ts';
import { totalTokens } from '../src/lib/usage.ts';

const HOUR_MS = 3_600_000;
const ZONE = 'Asia/Shanghai';

/** Micro-units of the currency per token; the mock is not a price book. */
interface Model {
  id: string;
  currency: string;
  in_micro: number;
  out_micro: number;
  share: number;
}

const MODELS: readonly Model[] = [
  { id: 'anthropic/claude-sonnet-5', currency: 'USD', in_micro: 3, out_micro: 15, share: 34 },
  { id: 'openai/gpt-5.6-sol', currency: 'USD', in_micro: 2, out_micro: 10, share: 26 },
  { id: 'ark/doubao-seed-2-pro', currency: 'CNY', in_micro: 3, out_micro: 16, share: 19 },
  { id: 'deepseek/deepseek-v4', currency: 'CNY', in_micro: 2, out_micro: 8, share: 12 },
  { id: 'reflex/default', currency: '', in_micro: 0, out_micro: 0, share: 7 },
  { id: 'local/qwen-next-unpriced', currency: '', in_micro: -1, out_micro: -1, share: 2 },
];

const KEYS = [
  { id: 'key_web', name: 'web shop', hint: 'tw-a1…9f', share: 5 },
  { id: 'key_voc', name: 'customer voice, nightly', hint: 'tw-c7…02', share: 3 },
  { id: 'key_data', name: 'data agent', hint: 'tw-77…e1', share: 2 },
  { id: 'admin', name: 'admin', hint: '', share: 1 },
];

/** A small generator with a seed, so that two starts look alike. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

function micro(amount: number): string {
  const whole = Math.round(amount);
  return addDecimals(`${Math.floor(whole / 1_000_000)}.${String(whole % 1_000_000).padStart(6, '0')}`, '0');
}

function rowOf(group: Record<string, string>, model: Model, requests: number, next: () => number): UsageRowView {
  const usage: UsageView = {
    input: Math.round(requests * (900 + next() * 700)),
    cache_read: Math.round(requests * 400 * next()),
    output: Math.round(requests * (240 + next() * 180)),
    reasoning: model.id.startsWith('openai') ? requests * 120 : 0,
  };
  const read = (usage.input ?? 0) + (usage.cache_read ?? 0) / 10;
  const amount =
    model.in_micro <= 0
      ? '0'
      : micro(read * model.in_micro + ((usage.output ?? 0) + (usage.reasoning ?? 0)) * model.out_micro);
  const money: Record<string, string> = model.in_micro > 0 ? { [model.currency]: amount } : {};
  return {
    group,
    requests,
    attempts: requests + Math.floor(requests / 90),
    errors: Math.floor(requests / 140),
    usage,
    estimated: Math.floor(requests / 400),
    unreconciled: 0,
    unpriced: model.in_micro < 0 ? requests : 0,
    cost: money,
    charge: money,
  };
}

export function usage(group: string, from: string, to: string, empty: boolean): UsageReport {
  const report = { from, to, timezone: ZONE };
  if (empty) return { ...report, data: [] };
  const next = random(7);
  const hours = (Date.parse(to) - Date.parse(from)) / HOUR_MS;
  if (group === 'hour' || group === 'day') {
    const step = group === 'hour' ? 1 : 24;
    const data = Array.from({ length: Math.round(hours / step) }, (_, index) => {
      const at_ms = Date.parse(from) + index * step * HOUR_MS;
      const hour = new Date(at_ms + 8 * HOUR_MS).getUTCHours();
      const day = 0.25 + Math.max(0, Math.sin(((hour - 7) / 14) * Math.PI));
      const label =
        group === 'day' ? dayOf(at_ms, ZONE) : `${new Date(at_ms + 8 * HOUR_MS).toISOString().slice(0, 13)}:00+08:00`;
      return rowOf(
        { [group]: label },
        MODELS[0]!,
        Math.round(step * 60 * (group === 'day' ? 0.8 : day) * (0.7 + next() * 0.6)),
        next,
      );
    });
    return { ...report, data };
  }
  if (group === 'key')
    return {
      ...report,
      data: KEYS.map((key) => rowOf({ key: key.id }, MODELS[0]!, Math.round(hours * 9 * key.share), next)),
    };
  if (group === '')
    return {
      ...report,
      data: [
        rowOf({}, MODELS[0]!, Math.round(hours * 60), next),
        { ...rowOf({}, MODELS[2]!, Math.round(hours * 39), next) },
      ],
    };
  if (group === 'project')
    return { ...report, data: [rowOf({ project: 'default' }, MODELS[0]!, Math.round(hours * 99), next)] };
  return {
    ...report,
    data: MODELS.map((model) => rowOf({ model: model.id }, model, Math.round(hours * model.share), next)),
  };
}

export function barometer(now_ms: number, empty: boolean): BarometerView {
  const total = empty ? 0 : 48_309_114;
  return {
    at: new Date(now_ms).toISOString(),
    timezone: ZONE,
    tokens: { total, today: empty ? 0 : 3_184_220, last_minute: empty ? 0 : 4812 },
    requests: { total: empty ? 0 : 31_882, today: empty ? 0 : 2117 },
    errors: empty ? 0 : 214,
    open: empty ? 0 : 3,
    per_minute: empty ? 0 : 4812,
    per_day: [],
    growth: empty ? { day: null, week: null, month: null } : { day: 0.124, week: -0.031, month: null },
    milestones: empty
      ? [{ tokens: 1000 }]
      : [
          { tokens: 10_000_000, at: new Date(now_ms - 9 * 24 * HOUR_MS).toISOString() },
          { tokens: 20_000_000, at: new Date(now_ms - 4 * 24 * HOUR_MS).toISOString() },
          { tokens: 50_000_000 },
        ],
    last: [],
  };
}

const NEVER = '2026-01-01T00:00:00.000Z';

export function budgets(empty: boolean): BudgetView[] {
  if (empty) return [];
  const budget = (
    id: string,
    scope: BudgetView['scope'],
    scope_id: string,
    amount: string,
    spent: string,
    remaining: string,
    more: Partial<BudgetView> = {},
  ): BudgetView => ({
    id,
    scope,
    scope_id,
    amount,
    currency: 'USD',
    window: 'month',
    hard: true,
    alert_percents: [80, 100],
    created_at: NEVER,
    current_window: '2026-11',
    spent,
    remaining,
    ...more,
  });
  return [
    budget('b1', 'organisation', 'default', '2500.00', '1184.2207', '1315.7793', { hard: false }),
    budget('b2', 'key', 'key_web', '400.00', '351.118204', '48.881796'),
    budget('b3', 'key', 'key_voc', '15.00', '15.4', '0', { window: 'day', current_window: '2026-11-24', hard: false }),
    budget('b4', 'project', 'default', '100000.00', '8211.90', '91788.10', {
      currency: 'CNY',
      window: 'total',
      current_window: 'total',
    }),
  ];
}

export function keys(): KeyView[] {
  return KEYS.filter((key) => key.id !== 'admin').map((key) => ({
    id: key.id,
    name: key.name,
    project: 'default',
    organisation: 'default',
    hint: key.hint,
    act_as_user: false,
    approve: false,
    unpriced: true,
    created_at: NEVER,
  }));
}

const ENDS = [
  'completed',
  'completed',
  'completed',
  'completed',
  'completed',
  'completed',
  'failed',
  'aborted',
  'cut',
  'broken',
] as const;

export function operation(index: number, at_ms: number): OperationView {
  const next = random((index * 2_654_435_761) % 4_294_967_296);
  const model = MODELS[Math.floor(next() * MODELS.length)]!;
  const key = KEYS[Math.floor(next() * KEYS.length)]!;
  const status = ENDS[Math.floor(next() * ENDS.length)]!;
  const row = rowOf({}, model, 1, next);
  const total_ms = Math.round(400 + next() * 9000);
  const ttft_ms = status === 'failed' ? null : Math.round(120 + next() * 700);
  const amount = row.cost[model.currency] ?? (model.in_micro === 0 ? '0' : null);
  const [provider, name] = model.id.split('/') as [string, string];
  const attempt: OperationView['attempts'][number] = {
    index: 0,
    deployment: model.id,
    provider,
    model: name,
    status,
    error_code: status === 'failed' ? 'upstream_error' : null,
    http_status: status === 'failed' ? 502 : 200,
    at: new Date(at_ms).toISOString(),
    latency: { total_ms, ttft_ms },
    usage: status === 'failed' ? {} : row.usage,
    usage_source: status === 'failed' ? null : status === 'aborted' ? 'estimated' : 'provider',
    tokenizer: status === 'aborted' ? 'o200k_base' : null,
    served_tier: null,
    cost: status === 'failed' ? null : amount,
    currency: model.currency || null,
    price_version: model.in_micro < 0 ? null : `cost:${model.id}:2026-09-01`,
    raw_usage: null,
  };
  return {
    id: `op_${index.toString(36).padStart(20, '0')}`,
    at: new Date(at_ms).toISOString(),
    status,
    error_code: attempt.error_code,
    surface: 'chat',
    model: index % 3 === 0 ? 'smart' : model.id,
    deployment: model.id,
    stream: index % 2 === 0,
    organisation: 'default',
    project: 'default',
    key: key.id,
    user: null,
    agent: null,
    run: null,
    tags: index % 2 === 0 ? { team: 'voc', feature: 'weekly' } : {},
    usage: attempt.usage,
    usage_source: attempt.usage_source,
    cost: attempt.cost,
    currency: attempt.currency,
    costs: attempt.cost !== null && attempt.currency ? { [attempt.currency]: attempt.cost } : {},
    charge: attempt.cost,
    charge_currency: attempt.currency,
    price_version: attempt.price_version,
    sell_price_version: null,
    latency: attempt.latency,
    attempts: [attempt],
    holds: [],
  };
}

export function liveOf(view: OperationView): LiveOperationView {
  return {
    id: view.id,
    at: view.at,
    organisation: view.organisation,
    project: view.project,
    key: view.key,
    model: view.model,
    deployment: view.deployment,
    status: view.status,
    tokens: totalTokens(view.usage),
    charge: view.charge,
    charge_currency: view.charge_currency,
    total_ms: view.latency.total_ms,
    ttft_ms: view.latency.ttft_ms,
  };
}
