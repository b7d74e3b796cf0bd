import { z } from 'zod';
import { AppError } from '../base/errors.ts';
import type { PriceRecord } from '../contract/records.ts';
import { priceIdOf } from './builtin.ts';
import { parsePriceBody, pathOf } from './price.ts';
import { PRICE_UNITS, PriceBand, type PriceBodyInput, RATES } from './price-body.ts';

/**
 * A price as YAML holds it. A number is taken when its digits survived being one: a decimal of 15 significant digits or fewer
 * comes back from a double as it was written.
 */
const YamlDecimal = z.union([z.string(), z.number()]).transform((value, context) => {
  if (typeof value === 'string') return value.trim();
  const text = String(value);
  if (/^\d+(\.\d+)?$/.test(text) && text.replace('.', '').replace(/^0+/, '').length <= 15) return text;
  context.addIssue({ code: 'custom', message: 'write it as a decimal in quotes, such as "0.25"' });
  return z.NEVER;
});

const rateShape = Object.fromEntries(RATES.map((rate) => [rate, YamlDecimal.optional()])) as Record<
  (typeof RATES)[number],
  z.ZodOptional<typeof YamlDecimal>
>;

/** The `price:` of a model in tokenworks.yaml. */
export const PriceConfig = z.strictObject({
  currency: z
    .string()
    .regex(/^[A-Za-z]{3}$/, { error: 'must be a currency code of three letters, such as USD' })
    .transform((code) => code.toUpperCase()),
  unit: z.enum(PRICE_UNITS).default('1M_tokens'),
  ...rateShape,
  /** The usage vector's names for the two write prices. */
  cache_write_5m: YamlDecimal.optional(),
  cache_write_1h: YamlDecimal.optional(),
  /** Instead of plain prices: bands, tried in order. */
  bands: z.array(PriceBand).min(1).optional(),
  multipliers: z.record(z.string(), YamlDecimal).optional(),
  mode: z.string().optional(),
});
export type PriceConfig = z.input<typeof PriceConfig>;

/**
 * The price row of a model whose `price:` stands in tokenworks.yaml.
 * Throws AppError `invalid_request` with `price.<field>` as `param`.
 */
export function priceFromConfig(provider: string, model: string, config: unknown, now_ms: number): PriceRecord {
  const result = PriceConfig.safeParse(config);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw invalid(provider, model, pathOf(issue.path), issue.message);
  }
  const body = bodyOf(provider, model, result.data);
  try {
    parsePriceBody(body);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const field = (error.param ?? '').replace(/^bands\[0\]\./, result.data.bands ? 'bands[0].' : '');
    throw invalid(provider, model, field, error.message.replace(/^Price: (?:[^ ]+: )?/, '').replace(/\.$/, ''));
  }
  const row = {
    book: 'cost' as const,
    provider,
    model,
    currency: result.data.currency,
    body,
    effectiveFrom_ms: 0,
    managedBy: 'file' as const,
  };
  return { id: priceIdOf(row), ...row, createdAt_ms: now_ms };
}

function bodyOf(provider: string, model: string, config: z.output<typeof PriceConfig>): PriceBodyInput {
  const { currency: _, unit, bands, multipliers, mode, cache_write_5m, cache_write_1h, ...rates } = config;
  const plain = Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate !== undefined));
  if (cache_write_5m !== undefined) plain.cache_write = cache_write_5m;
  if (cache_write_1h !== undefined) plain.cache_write_long = cache_write_1h;
  if (bands && Object.keys(plain).length > 0) {
    throw invalid(provider, model, 'bands', 'stands beside plain prices; move them into the bands');
  }
  if (!bands && Object.keys(plain).length === 0) {
    throw invalid(provider, model, '', 'has no price in it; give at least input and output');
  }
  return {
    ...(mode === undefined ? {} : { mode: mode as PriceBodyInput['mode'] }),
    unit,
    bands: bands ?? [plain],
    ...(cache_write_5m === undefined ? {} : { cache_write_ttl: { cache_write: '5m' } }),
    ...(multipliers === undefined ? {} : { multipliers }),
    source: 'tokenworks.yaml',
    confidence: 'own',
  };
}

function invalid(provider: string, model: string, field: string, message: string): AppError {
  const param = field ? `price.${field}` : 'price';
  return new AppError('invalid_request', `Price of ${provider}/${model}: ${param}: ${message}.`, { param });
}
