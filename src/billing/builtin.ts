import { createHash } from 'node:crypto';
import type { PriceRecord } from '../contract/records.ts';
import type { PriceBodyInput } from './price-body.ts';
import anthropic from './prices/anthropic.json' with { type: 'json' };
import byteplus from './prices/byteplus-modelark.json' with { type: 'json' };
import dashscopeCn from './prices/dashscope-cn.json' with { type: 'json' };
import dashscopeIntl from './prices/dashscope-intl.json' with { type: 'json' };
import deepseek from './prices/deepseek.json' with { type: 'json' };
import google from './prices/google.json' with { type: 'json' };
import minimax from './prices/minimax.json' with { type: 'json' };
import mistral from './prices/mistral.json' with { type: 'json' };
import moonshot from './prices/moonshot.json' with { type: 'json' };
import openai from './prices/openai.json' with { type: 'json' };
import own from './prices/own.json' with { type: 'json' };
import volcengine from './prices/volcengine-ark.json' with { type: 'json' };
import xai from './prices/xai.json' with { type: 'json' };
import zhipu from './prices/zhipu.json' with { type: 'json' };

/** A file of prices/: rows of one provider, or of several when each names its own. */
interface PriceFile {
  /** The day the file was put together. */
  compiled: string;
  provider?: string;
  prices: PriceFileRow[];
}

interface PriceFileRow {
  provider?: string;
  model: string;
  currency: string;
  /** ISO dates (midnight UTC) or moments; from inclusive, to exclusive. Without a beginning a row holds for all of the past. */
  effective_from?: string;
  effective_to?: string;
  body: PriceBodyInput;
}

const FILES = [
  volcengine,
  byteplus,
  openai,
  anthropic,
  google,
  deepseek,
  dashscopeCn,
  dashscopeIntl,
  moonshot,
  zhipu,
  minimax,
  xai,
  mistral,
  own,
] as PriceFile[];

/** The rows that come with the product. Ids are hashes of the rows, so that a row that changes gets a new one and the old stays as it was. */
export function builtinPrices(): PriceRecord[] {
  return FILES.flatMap((file) => file.prices.map((row) => recordOf(file, row)));
}

function recordOf(file: PriceFile, row: PriceFileRow): PriceRecord {
  const record = {
    book: 'cost' as const,
    provider: row.provider ?? file.provider!,
    model: row.model,
    currency: row.currency,
    body: row.body,
    effectiveFrom_ms: row.effective_from === undefined ? 0 : Date.parse(row.effective_from),
    effectiveTo_ms: row.effective_to === undefined ? undefined : Date.parse(row.effective_to),
    managedBy: 'builtin' as const,
  };
  return { id: priceIdOf(record), ...record, createdAt_ms: Date.parse(file.compiled) };
}

/** A stable id of a row's content: the same row has the same id in every process and release. */
export function priceIdOf(content: Omit<PriceRecord, 'id' | 'createdAt_ms'>): string {
  return `price_${createHash('sha256').update(canonical(content)).digest('hex').slice(0, 26)}`;
}

/** JSON with sorted keys and without absent fields. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`);
  return `{${fields.join(',')}}`;
}
