// Turns a draft price list (one flat JSON of rows, calendars and golden cases) into src/billing/prices/*.json, one file per provider.
//
//   node scripts/build-prices.js DRAFT.json && npx biome check --write src/billing/prices
//
// What a row's note says in words and a machine can act on is written out here as data, so that a new draft keeps it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const OUT = join(import.meta.dirname, '..', 'src', 'billing', 'prices');
const GOLDEN = join(import.meta.dirname, '..', 'src', 'billing', 'fixtures', 'golden.json');
const CONFIDENCES = new Set(['official', 'secondary', 'derived']);

/** Facts that drafts keep in notes: `provider/model` → changes to the row, or to several dated rows made from it. */
const AMENDMENTS = {
  // "Ultrafast 3x to 2027-02-28, 6x after."
  'openai/gpt-6.2-sol': (row) => [
    { ...row, effective_to: '2027-03-01' },
    { ...row, effective_from: '2027-03-01', multipliers: { ...row.multipliers, ultrafast: '6' } },
  ],
  // "Regional processing +10%."
  'openai/gpt-6.1-terra': (row) => [{ ...row, multipliers: { ...row.multipliers, 'geo:regional': '1.1' } }],
  // "Cache storage free for now."
  'zhipu/glm-5.3': (row) => [{ ...row, cache_storage_per_1M_tokens_hour: '0' }],
  // The promotion ended at midnight in China, not in UTC.
  'zhipu/glm-5.3-flash': (row) => [{ ...row, effective_from: '2026-09-10T00:00:00+08:00' }],
  // Dated ids under which the vendors publish exactly these models.
  'openai/gpt-4.1': (row) => [{ ...row, aliases: ['gpt-4.1-2025-04-14'] }],
  'openai/gpt-4o-mini': (row) => [{ ...row, aliases: ['gpt-4o-mini-2024-07-18'] }],
  'openai/gpt-5-nano': (row) => [{ ...row, aliases: ['gpt-5-nano-2025-08-07'] }],
  'anthropic/claude-haiku-4-5': (row) => [{ ...row, aliases: ['claude-haiku-4-5-20251001'] }],
};

/** Rows of one's own machine: they cost nothing until somebody sets a price. */
const FREE = {
  local: 'CNY',
  reflex: 'USD',
};

const draft = JSON.parse(readFileSync(process.argv[2] ?? usage(), 'utf8'));
const calendars = calendarsOf(draft.calendars);
const files = new Map();
for (const row of draft.prices) {
  if (Object.hasOwn(FREE, row.provider)) continue;
  const amend = AMENDMENTS[`${row.provider}/${row.model}`] ?? ((same) => [same]);
  const prices = files.get(row.provider) ?? [];
  prices.push(...amend(row).map(convert));
  files.set(row.provider, prices);
}
const free = Object.entries(FREE).map(([provider, currency]) => ({
  provider,
  model: '*',
  currency,
  body: { free: true, source: 'Runs on your own machine', confidence: 'own' },
}));
mkdirSync(OUT, { recursive: true });
mkdirSync(dirname(GOLDEN), { recursive: true });
for (const [provider, prices] of files) write(provider, { compiled: draft.compiled, provider, prices });
write('own', { compiled: draft.compiled, prices: free });
writeFileSync(GOLDEN, `${JSON.stringify(draft.golden, null, 2)}\n`);
console.log(`${draft.prices.length} rows in ${files.size + 1} files`);

function usage() {
  console.error('usage: node scripts/build-prices.js DRAFT.json');
  process.exit(2);
}

function write(name, content) {
  writeFileSync(join(OUT, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`);
}

function convert(row) {
  const known = new Set([
    ...['provider', 'model', 'mode', 'currency', 'unit', 'bands', 'reasoning', 'source', 'confidence', 'as_of', 'note'],
    ...['aliases', 'context_window', 'max_output', 'multipliers', 'cache_storage_per_1M_tokens_hour'],
    ...['cache_write_ttl', 'effective_from', 'effective_to'],
  ]);
  const strange = Object.keys(row).filter((key) => !known.has(key));
  if (strange.length > 0) throw new Error(`${row.provider}/${row.model}: what is ${strange.join(', ')}?`);
  if (!['1M_tokens', 'image'].includes(row.unit)) throw new Error(`${row.provider}/${row.model}: unit ${row.unit}`);
  const body = {
    mode: row.mode,
    bands: row.bands.map(({ when, ...rates }) => ({
      ...(Object.keys(when).length > 0 ? { when } : {}),
      ...rates,
      ...(row.cache_storage_per_1M_tokens_hour === undefined
        ? {}
        : { cache_storage: row.cache_storage_per_1M_tokens_hour }),
    })),
    reasoning_rule: row.reasoning === 'mode_dependent' ? 'mode_dependent' : undefined,
    cache_write_ttl: row.cache_write_ttl,
    multipliers: row.multipliers && Object.fromEntries(Object.entries(row.multipliers).map(renameMultiplier)),
    calendars: usedCalendars(row.bands),
    aliases: row.aliases,
    context_window: row.context_window,
    max_output: row.max_output,
    source: row.source,
    confidence: CONFIDENCES.has(row.confidence) ? row.confidence : 'own',
    as_of: row.as_of ?? undefined,
    note: noteOf(row),
  };
  return {
    model: row.model,
    currency: row.currency,
    effective_from: row.effective_from,
    effective_to: row.effective_to,
    body,
  };
}

/** Without what only makes sense in the draft. */
function noteOf(row) {
  return row.note?.replace('Calendar "peak": see top-level calendars. ', '').replace(': re-check today', '');
}

function renameMultiplier([name, factor]) {
  return [name.replace(/^inference_geo:/, 'geo:'), factor];
}

/** Every calendar that the bands name, with those it is the complement of: a row carries all it needs, so a later change never re-prices the past. */
function usedCalendars(bands) {
  const used = {};
  const take = (name) => {
    if (used[name]) return;
    used[name] = calendars[name];
    if (!used[name]) throw new Error(`calendar ${name} is not defined`);
    if (used[name].not) take(used[name].not);
  };
  for (const { when } of bands) if (when.calendar) take(when.calendar);
  return Object.keys(used).length > 0 ? used : undefined;
}

function calendarsOf(calendars) {
  const entries = Object.entries(calendars).map(([name, rule]) => {
    if (typeof rule === 'string') return [name, { not: rule.replace(/^complement of /, '') }];
    const { tz, weekdays, windows, exclude } = rule;
    return [name, { timezone: tz, weekdays, windows, exclude }];
  });
  return Object.fromEntries(entries);
}
