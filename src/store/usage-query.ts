import { AppError } from '../base/errors.ts';
import type { Pico } from '../base/money.ts';
import { TOKEN_FIELDS, USAGE_FIELDS, type UsageVector } from '../contract/usage.ts';
import { REQUEST_COUNTS, type UsageFilter, type UsageRow } from '../contract/usage-report.ts';
import type { Sql } from './connections.ts';
import { CASCADE_COUNTS, COUNT_FIELDS, QUARTER_MS } from './rollup.ts';

/** Rows that a report may have; what is larger is to be filtered. */
const MAX_ROWS = 100_000;
const MAX_GROUPS = 8;
const TAG = 'tag:';

/** What a group is in a rollup. `model` is the deployment that did the work; `requested_model` is the name that was asked for. */
const GROUP_COLUMNS: Record<string, string> = {
  model: 'deployment',
  requested_model: 'model',
  provider: 'provider',
  project: 'project',
  organisation: 'organisation',
  key: 'key',
  agent: 'agent',
  currency: 'currency',
};

/** Parameters of a statement, numbered as they are added. */
class Parameters {
  readonly values: string[] = [];

  add(value: string | number): string {
    this.values.push(String(value));
    return `$${this.values.length}`;
  }
}

/** Sums of the quarter-hours in [from, to), both moved outwards to a quarter; see `Store.usage.query`. */
export async function queryUsage(sql: Sql, filter: UsageFilter): Promise<UsageRow[]> {
  checkFilter(filter);
  const parameters = new Parameters();
  const groups = filter.groupBy.map((group) => groupSql(group, filter.timezone, parameters));
  const tagged = filter.groupBy.some((group) => group.startsWith(TAG));
  const where = whereSql(filter, parameters);
  const names = groups.map((_group, index) => `g${index}`);
  const statement = `
    select ${[...groups.map((group, index) => `${group} as g${index}`), 'currency as money', ...COUNT_FIELDS.map((count) => `sum(${count}) as ${count}`)].join(', ')},
      sum(cost_pico)::text as cost_pico, sum(charge_pico)::text as charge_pico, sum(saved_pico)::text as saved_pico
    from ${tagged ? 'tag_rollups' : 'rollups'} where ${where}
    group by ${[...names, 'currency'].join(', ')}
    order by ${[...names, 'money'].join(', ')}
    limit ${MAX_ROWS + 1}`;
  const rows = await sql.unsafe<Record<string, string>[]>(statement, parameters.values);
  if (rows.length > MAX_ROWS) {
    throw new AppError('too_large', `the report has more than ${MAX_ROWS} rows; filter it, or group by less`, {
      param: 'group_by',
    });
  }
  return mergeCurrencies(filter, rows);
}

function checkFilter(filter: UsageFilter): void {
  if (!Number.isFinite(filter.from_ms) || !Number.isFinite(filter.to_ms)) {
    throw new AppError('invalid_request', 'from and to must be times', { param: 'from' });
  }
  if (filter.groupBy.length > MAX_GROUPS)
    throw new AppError('invalid_request', `group_by takes ${MAX_GROUPS} at most`, { param: 'group_by' });
  if (new Set(filter.groupBy).size < filter.groupBy.length) {
    throw new AppError('invalid_request', 'group_by names something twice', { param: 'group_by' });
  }
  checkTimezone(filter.timezone);
}

export function checkTimezone(timezone: string): void {
  try {
    // The database also takes zones such as "EST5EDT+3", which mean other things elsewhere.
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    if (!/^[+-]/.test(timezone)) return;
  } catch {
    // Falls through to the one message.
  }
  throw new AppError('invalid_request', `"${timezone}" is no IANA time zone, such as "Asia/Shanghai"`, {
    param: 'timezone',
  });
}

function groupSql(group: string, timezone: string, parameters: Parameters): string {
  const local = (): string => `(to_timestamp(quarter_ms / 1000) at time zone ${parameters.add(timezone)}::text)`;
  if (group === 'day') return `to_char(${local()}, 'YYYY-MM-DD')`;
  // With its offset in minutes, since the hour in which clocks are put back comes twice.
  if (group === 'hour') {
    const utc = `(to_timestamp(quarter_ms / 1000) at time zone 'UTC')`;
    return `to_char(${local()}, 'YYYY-MM-DD"T"HH24') || ' ' || (extract(epoch from ${local()} - ${utc}) / 60)::int`;
  }
  if (group.startsWith(TAG) && group.length > TAG.length)
    return `coalesce(tags ->> ${parameters.add(group.slice(TAG.length))}::text, '')`;
  const column = Object.hasOwn(GROUP_COLUMNS, group) ? GROUP_COLUMNS[group] : undefined;
  if (column === undefined) {
    throw new AppError(
      'invalid_request',
      `usage can't be grouped by "${group}"; take ${[...Object.keys(GROUP_COLUMNS), 'day', 'hour', 'tag:<key>'].join(', ')}`,
      {
        param: 'group_by',
      },
    );
  }
  return column;
}

function whereSql(filter: Omit<UsageFilter, 'groupBy' | 'timezone'>, parameters: Parameters): string {
  const terms = [
    `quarter_ms >= ${parameters.add(Math.floor(filter.from_ms / QUARTER_MS) * QUARTER_MS)}::int8`,
    `quarter_ms < ${parameters.add(Math.ceil(filter.to_ms / QUARTER_MS) * QUARTER_MS)}::int8`,
  ];
  for (const column of ['organisation', 'project', 'key', 'agent'] as const) {
    const value = filter[column];
    if (value !== undefined) terms.push(`${column} = ${parameters.add(value)}::text`);
  }
  if (filter.model !== undefined) {
    const model = parameters.add(filter.model);
    terms.push(`(deployment = ${model}::text or model = ${model}::text)`);
  }
  return terms.join(' and ');
}

/** The statement has one row per group and currency; a report's row has the amounts of all its currencies. */
function mergeCurrencies(filter: UsageFilter, rows: Record<string, string>[]): UsageRow[] {
  const merged = new Map<string, UsageRow>();
  for (const row of rows) {
    const values = filter.groupBy.map((group, index) =>
      group === 'hour' ? writeHour(row[`g${index}`]!) : row[`g${index}`]!,
    );
    const label = JSON.stringify(values);
    let into = merged.get(label);
    if (!into) {
      const group = Object.fromEntries(filter.groupBy.map((name, index) => [name, values[index]!]));
      into = {
        group,
        requests: 0,
        attempts: 0,
        errors: 0,
        usage: {},
        estimated: 0,
        unreconciled: 0,
        unpriced: 0,
        cost: {},
        charge: {},
      };
      merged.set(label, into);
    }
    addRow(into, row);
  }
  return [...merged.values()];
}

function addRow(into: UsageRow, row: Record<string, string>): void {
  for (const count of REQUEST_COUNTS) into[count] += Number(row[count]);
  const usage: UsageVector = into.usage;
  for (const field of USAGE_FIELDS) {
    const value = Number(row[field]);
    if (value > 0) usage[field] = (usage[field] ?? 0) + value;
  }
  addMoney(into.cost, row.money!, BigInt(row.cost_pico!));
  addMoney(into.charge, row.money!, BigInt(row.charge_pico!));
  addCascade(into, row);
}

function addCascade(into: UsageRow, row: Record<string, string>): void {
  const [reflex, passed, tokens, ms] = CASCADE_COUNTS.map((name) => Number(row[name])) as [
    number,
    number,
    number,
    number,
  ];
  const saved_pico = BigInt(row.saved_pico!);
  // What was saved may stand in a row of another currency than the request itself.
  if (reflex + passed === 0 && saved_pico === 0n) return;
  into.cascade ??= { reflex: 0, passed: 0, saved: { tokens: 0, cost: {}, ms: 0 } };
  into.cascade.reflex += reflex;
  into.cascade.passed += passed;
  into.cascade.saved.tokens += tokens;
  into.cascade.saved.ms += ms;
  addMoney(into.cascade.saved.cost, row.money!, saved_pico);
}

function addMoney(into: Record<string, Pico>, currency: string, amount_pico: Pico): void {
  if (currency !== '' && amount_pico !== 0n) into[currency] = (into[currency] ?? 0n) + amount_pico;
}

/** "2026-11-24T09 480" → "2026-11-24T09:00+08:00". */
function writeHour(text: string): string {
  const [hour, offset] = text.split(' ') as [string, string];
  const minutes = Math.abs(Number(offset));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${hour}:00${Number(offset) < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Buckets that have something in them, oldest first; `at_ms` is when the bucket begins. */
export async function queryTimeline(
  sql: Sql,
  query: { organisation?: string; from_ms: number; to_ms: number; step: 'quarter' | 'hour' | 'day'; timezone: string },
): Promise<{ at_ms: number; tokens: number; requests: number }[]> {
  checkTimezone(query.timezone);
  const parameters = new Parameters();
  const local = (): string => `(to_timestamp(quarter_ms / 1000) at time zone ${parameters.add(query.timezone)}::text)`;
  const bucket = {
    quarter: () => 'quarter_ms',
    hour: () => `quarter_ms - extract(minute from ${local()})::int8 * 60000`,
    day: () =>
      `(extract(epoch from date_trunc('day', ${local()}) at time zone ${parameters.add(query.timezone)}::text) * 1000)::int8`,
  }[query.step]();
  const where = whereSql(query, parameters);
  const rows = await sql.unsafe<{ at_ms: string; tokens: string; requests: string }[]>(
    `select ${bucket} as at_ms, sum(${TOKEN_FIELDS.join(' + ')}) as tokens, sum(requests) as requests
     from rollups where ${where} group by 1 order by 1`,
    parameters.values,
  );
  return rows.map((row) => ({ at_ms: Number(row.at_ms), tokens: Number(row.tokens), requests: Number(row.requests) }));
}
