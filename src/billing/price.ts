import type { z } from 'zod';
import { AppError } from '../base/errors.ts';
import { mulDiv, type Pico } from '../base/money.ts';
import type { ManagedBy, PriceRecord } from '../contract/records.ts';
import { USAGE_FIELDS, type UsageField, type UsageVector } from '../contract/usage.ts';
import { type Calendar, compileCalendars } from './calendar.ts';
import {
  MULTIPLIER_PLACES,
  PriceBody,
  type PriceCondition,
  RATES,
  type RateName,
  scaledDecimal,
  scaledRate,
  TOKEN_RATES,
} from './price-body.ts';

/** Rates are pico-units per million tokens (or pieces). */
export const RATE_SCALE = 1_000_000n;
/** At most batch, tier and place apply together, six decimal places each. */
export const FACTOR_SCALE = 10n ** BigInt(3 * MULTIPLIER_PLACES);
const MULTIPLIER_SCALE = 10n ** BigInt(MULTIPLIER_PLACES);

/** Served tiers that mean the list price, by whatever name a provider calls it. */
const STANDARD_TIERS = new Set(['', 'default', 'standard', 'auto', 'standard_only', 'on_demand', 'none']);
/** Places that mean no place in particular (Anthropic's `inference_geo`). */
const NO_PLACE = new Set(['', 'global', 'not_available']);

/** How a usage field is priced in a band: by a rate, as a mere count, or not at all. */
export type FieldPlan = { rate: RateName; price: bigint; assumption?: string } | 'count' | undefined;
export type Plan = Readonly<Record<UsageField, FieldPlan>>;

export interface Band {
  readonly when: PriceCondition;
  readonly plan: Plan;
  /** The plan of an attempt that reasoned, where that changes the price of its output. */
  readonly reasoningPlan: Plan;
}

/** Factors on the rates, over FACTOR_SCALE; undefined is the list price. */
export interface Factors {
  readonly base: bigint;
  readonly only: Partial<Readonly<Record<RateName, bigint>>>;
}

interface Multiplier {
  base: bigint | undefined;
  only: Partial<Record<RateName, bigint>>;
}

/** A price row, ready for arithmetic. Immutable. */
export interface Price {
  readonly id: string;
  readonly book: 'cost' | 'sell';
  readonly provider: string;
  readonly model: string;
  readonly currency: string;
  readonly managedBy: ManagedBy;
  readonly effectiveFrom_ms: number;
  readonly effectiveTo_ms?: number;
  readonly body: PriceBody;
  readonly bands: readonly Band[];
  readonly calendars: ReadonlyMap<string, Calendar>;
  readonly multipliers: ReadonlyMap<string, Multiplier>;
  /** Prompt and output lengths at which another band may begin, ascending. */
  readonly promptEdges: readonly number[];
  readonly outputEdges: readonly number[];
}

export interface PriceContext {
  /** When the attempt was made; calendars look at it. */
  at_ms: number;
  /** The tier that the provider says it served. Not the one that was asked for. */
  servedTier?: string;
  /** The attempt was part of a batch. */
  batch?: boolean;
  /** Where it was served, if the provider says so (Anthropic's `inference_geo`; `regional` for a vendor's regional endpoint). */
  geo?: string;
  /** Video: `720p` …, and whether a video was part of the input. */
  resolution?: string;
  videoInput?: boolean;
  /** Also return how the cost is made up. */
  lines?: boolean;
}

export interface PriceLine {
  field: UsageField;
  rate: RateName;
  quantity: number;
  /** Its share of the cost. The lines of one attempt add up to the cost exactly. */
  cost_pico: Pico;
}

export interface Priced {
  priced: true;
  cost_pico: Pico;
  currency: string;
  priceId: string;
  /** What had to be assumed, such as `cache_read priced as input` or `cn_public_holidays:2027 unknown`. Mostly empty. */
  assumptions: readonly string[];
  lines?: PriceLine[];
}

export interface Unpriced {
  priced: false;
  cost_pico?: undefined;
  currency: string;
  priceId: string;
  /** What has no price: usage fields, or `tier:x`, `geo:x`, `band` (no band holds), `resolution`, `video_input`. Never empty. */
  missing: readonly string[];
}

const NO_ASSUMPTIONS: readonly string[] = [];

/**
 * Compiles a row. Throws AppError `invalid_request`, with the path in the body as `param`, when the body is not a `PriceBody`.
 */
export function compilePrice(record: PriceRecord): Price {
  const body = parsePriceBody(record.body);
  let calendars: Map<string, Calendar>;
  try {
    calendars = compileCalendars(body.calendars);
  } catch (error) {
    throw new AppError('invalid_request', `Price of ${record.provider}/${record.model}: ${(error as Error).message}.`, {
      param: 'calendars',
      cause: error,
    });
  }
  const bands = body.bands.map((band): Band => {
    const rates: Partial<Record<RateName, bigint>> = {};
    for (const rate of RATES) {
      const text = band[rate];
      if (text !== undefined) rates[rate] = scaledRate(rate, text, body.unit);
    }
    const plan = planOf(body, rates);
    const changes = body.reasoning_rule === 'mode_dependent';
    return { when: band.when ?? {}, plan, reasoningPlan: changes ? { ...plan, output: plan.reasoning } : plan };
  });
  return {
    id: record.id,
    book: record.book,
    provider: record.provider,
    model: record.model,
    currency: record.currency,
    managedBy: record.managedBy,
    effectiveFrom_ms: record.effectiveFrom_ms,
    effectiveTo_ms: record.effectiveTo_ms,
    body,
    bands,
    calendars,
    multipliers: readMultipliers(body.multipliers),
    promptEdges: edges(bands, ['input_gt', 'input_lte', 'prompt_gt', 'prompt_lte']),
    outputEdges: edges(bands, ['output_gt', 'output_lte']),
  };
}

/** Reads a body, defaults filled in. Throws AppError `invalid_request` with the path as `param`. */
export function parsePriceBody(body: unknown): PriceBody {
  const result = PriceBody.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const param = pathOf(issue.path);
  throw new AppError('invalid_request', `Price: ${param ? `${param}: ` : ''}${issue.message}.`, {
    param: param || undefined,
  });
}

/** `["bands", 0, "input"]` → `bands[0].input`. */
export function pathOf(path: z.core.$ZodIssue['path']): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text ? `.${String(step)}` : String(step);
  }
  return text;
}

/**
 * What an attempt costs at a price. The band is chosen by the whole request; the sum is exact and rounded once, to pico-units,
 * half to even. Anything that was used and has no price makes the whole attempt unpriced: never zero, never a part of the cost.
 * Throws RangeError for a vector that is not made of whole numbers ≥ 0.
 */
export function priceUsage(price: Price, vector: UsageVector, context: PriceContext): Priced | Unpriced {
  checkVector(vector);
  if (price.body.free) return priced(price, 0n, NO_ASSUMPTIONS, context.lines ? [] : undefined);
  const factors = factorsFor(price, context);
  if (typeof factors === 'string') return unpriced(price, [factors]);
  const band = findBand(price, promptTokens(vector), outputTokens(vector), context);
  if (typeof band === 'string') return unpriced(price, [band]);
  return sum(price, vector, vector.reasoning ? band.reasoningPlan : band.plan, factors, context);
}

function sum(
  price: Price,
  vector: UsageVector,
  plan: Plan,
  factors: Factors | undefined,
  context: PriceContext,
): Priced | Unpriced {
  const scale = factors ? RATE_SCALE * FACTOR_SCALE : RATE_SCALE;
  const lines: PriceLine[] | undefined = context.lines ? [] : undefined;
  let total = 0n;
  let cost_pico = 0n;
  let missing: string[] | undefined;
  let assumptions: string[] | undefined;
  for (const field of USAGE_FIELDS) {
    const quantity = vector[field];
    if (!quantity) continue;
    const way = plan[field];
    if (way === undefined) {
      missing ??= [];
      missing.push(field);
      continue;
    }
    if (way === 'count') continue;
    if (way.assumption) {
      assumptions ??= [];
      assumptions.push(way.assumption);
    }
    total += BigInt(quantity) * way.price * (factors ? factorOf(factors, way.rate) : 1n);
    if (lines) {
      // Rounding the running total gives lines that add up to the rounded whole.
      const reached_pico = mulDiv(total, 1n, scale, 'half_even');
      lines.push({ field, rate: way.rate, quantity, cost_pico: reached_pico - cost_pico });
      cost_pico = reached_pico;
    }
  }
  if (missing) return unpriced(price, missing);
  for (const calendar of price.calendars.values()) {
    const assumption = calendar.assumption(context.at_ms);
    if (assumption && !assumptions?.includes(assumption)) {
      assumptions ??= [];
      assumptions.push(assumption);
    }
  }
  return priced(price, mulDiv(total, 1n, scale, 'half_even'), assumptions ?? NO_ASSUMPTIONS, lines);
}

function priced(price: Price, cost_pico: Pico, assumptions: readonly string[], lines?: PriceLine[]): Priced {
  return { priced: true, cost_pico, currency: price.currency, priceId: price.id, assumptions, lines };
}

function unpriced(price: Price, missing: readonly string[]): Unpriced {
  return { priced: false, currency: price.currency, priceId: price.id, missing };
}

function checkVector(vector: UsageVector): void {
  for (const field of USAGE_FIELDS) {
    const value = vector[field];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new RangeError(`usage field ${field} is ${value}, not a whole number ≥ 0`);
    }
  }
}

/** Prompt length as vendors count it: everything that was read, cached or not. */
export function promptTokens(vector: UsageVector): number {
  return (
    (vector.input ?? 0) +
    (vector.cache_read ?? 0) +
    (vector.cache_write_5m ?? 0) +
    (vector.cache_write_1h ?? 0) +
    (vector.audio_in ?? 0) +
    (vector.image_in ?? 0)
  );
}

/** Output length as vendors count it: everything that was written, reasoning included. */
export function outputTokens(vector: UsageVector): number {
  return (vector.output ?? 0) + (vector.reasoning ?? 0) + (vector.audio_out ?? 0) + (vector.image_out ?? 0);
}

/** The first band whose condition holds, or what is missing to tell: `band`, `resolution`, `video_input`. */
export function findBand(
  price: Price,
  prompt: number,
  output: number,
  context: Pick<PriceContext, 'at_ms' | 'resolution' | 'videoInput'>,
): Band | string {
  for (const band of price.bands) {
    const holds = check(price, band.when, prompt, output, context);
    if (holds === true) return band;
    // A condition on something nobody told us might have held: the bands after it are no safe answer.
    if (holds !== false) return holds;
  }
  return 'band';
}

function check(
  price: Price,
  when: PriceCondition,
  prompt: number,
  output: number,
  context: Pick<PriceContext, 'at_ms' | 'resolution' | 'videoInput'>,
): boolean | 'resolution' | 'video_input' {
  if (when.input_gt !== undefined && prompt <= when.input_gt) return false;
  if (when.input_lte !== undefined && prompt > when.input_lte) return false;
  if (when.prompt_gt !== undefined && prompt <= when.prompt_gt) return false;
  if (when.prompt_lte !== undefined && prompt > when.prompt_lte) return false;
  if (when.output_gt !== undefined && output <= when.output_gt) return false;
  if (when.output_lte !== undefined && output > when.output_lte) return false;
  if (when.calendar !== undefined && !price.calendars.get(when.calendar)!.holds(context.at_ms)) return false;
  if (when.resolution_in !== undefined && context.resolution !== undefined) {
    if (!when.resolution_in.includes(context.resolution)) return false;
  }
  if (when.video_input !== undefined && context.videoInput !== undefined) {
    if (when.video_input !== context.videoInput) return false;
  }
  if (when.resolution_in !== undefined && context.resolution === undefined) return 'resolution';
  if (when.video_input !== undefined && context.videoInput === undefined) return 'video_input';
  return true;
}

/**
 * The factors of a served tier, a batch and a place together; undefined for the list price. A string names what the row has no
 * factor for (`tier:x`): an unknown tier has a price that we don't know, so nothing is charged by guess.
 */
export function factorsFor(
  price: Price,
  context: Pick<PriceContext, 'servedTier' | 'batch' | 'geo'>,
): Factors | string | undefined {
  if (!context.servedTier && !context.batch && !context.geo) return undefined;
  const names = new Set<string>();
  if (context.batch) names.add('batch');
  const tier = context.servedTier?.toLowerCase() ?? '';
  if (price.multipliers.has(tier) || !STANDARD_TIERS.has(tier)) names.add(tier);
  const place = context.geo?.toLowerCase() ?? '';
  if (!NO_PLACE.has(place) && hasPlaces(price)) names.add(`geo:${place}`);
  if (names.size === 0) return undefined;
  const active: Multiplier[] = [];
  for (const name of names) {
    const multiplier = price.multipliers.get(name);
    if (multiplier?.base === undefined) return name.startsWith('geo:') ? name : `tier:${name}`;
    active.push(multiplier);
  }
  return combine(active);
}

/** The factor of one rate, over FACTOR_SCALE. */
export function factorOf(factors: Factors, rate: RateName): bigint {
  return factors.only[rate] ?? factors.base;
}

function hasPlaces(price: Price): boolean {
  for (const name of price.multipliers.keys()) if (name.startsWith('geo:')) return true;
  return false;
}

function combine(active: readonly Multiplier[]): Factors {
  let base = FACTOR_SCALE;
  for (const multiplier of active) base = (base * multiplier.base!) / MULTIPLIER_SCALE;
  const only: Partial<Record<RateName, bigint>> = {};
  for (const rate of RATES) {
    const isToken = (TOKEN_RATES as readonly string[]).includes(rate);
    if (isToken && active.every((multiplier) => multiplier.only[rate] === undefined)) continue;
    let factor = FACTOR_SCALE;
    for (const multiplier of active) {
      // Storage, pieces and searches keep their price unless the row names them.
      const own = multiplier.only[rate] ?? (isToken ? multiplier.base! : MULTIPLIER_SCALE);
      factor = (factor * own) / MULTIPLIER_SCALE;
    }
    only[rate] = factor;
  }
  return { base, only };
}

function readMultipliers(multipliers: PriceBody['multipliers']): Map<string, Multiplier> {
  const read = new Map<string, Multiplier>();
  for (const [name, text] of Object.entries(multipliers)) {
    const factor = scaledDecimal(text, MULTIPLIER_PLACES);
    const dot = name.lastIndexOf('.');
    const rate = RATES.find((candidate) => dot > 0 && candidate === name.slice(dot + 1));
    const tier = rate ? name.slice(0, dot) : name;
    let multiplier = read.get(tier);
    if (!multiplier) {
      multiplier = { base: undefined, only: {} };
      read.set(tier, multiplier);
    }
    if (rate) multiplier.only[rate] = factor;
    else multiplier.base = factor;
  }
  return read;
}

/** How each usage field is priced, given a band's rates; docs/prices.md has these rules as a table. */
function planOf(body: PriceBody, rates: Partial<Record<RateName, bigint>>): Plan {
  const by = (rate: RateName, assumption?: string): FieldPlan => {
    const price = rates[rate];
    if (price === undefined) return undefined;
    return assumption ? { rate, price, assumption } : { rate, price };
  };
  const has = (...names: RateName[]): boolean => names.some((name) => rates[name] !== undefined);
  const tokensOr = (plan: FieldPlan): FieldPlan => (has(...TOKEN_RATES) ? plan : 'count');
  const productByTokens = has('image_output') || (body.mode !== 'chat' && has('output'));
  const mediaByTokens = has('audio_input', 'audio_output') || (body.mode !== 'chat' && has('output'));
  return {
    input: tokensOr(by('input')),
    cache_read: tokensOr(by('cache_read') ?? by('input', 'cache_read priced as input')),
    cache_write_5m: tokensOr(has('cache_write', 'cache_write_long') ? by('cache_write') : by('input')),
    cache_write_1h: tokensOr(longWrite(body, rates, by)),
    cache_storage: by('cache_storage'),
    output: tokensOr(by('output')),
    reasoning: tokensOr(by('reasoning') ?? (body.reasoning_rule === 'as_output' ? by('output') : undefined)),
    audio_in: tokensOr(by('audio_input') ?? (body.audio_as_input ? by('input') : undefined)),
    audio_out: tokensOr(by('audio_output')),
    // Chat models read images as prompt tokens at the text price unless their page says otherwise.
    image_in: tokensOr(by('image_input') ?? (body.mode === 'chat' ? by('input') : undefined)),
    image_out: tokensOr(by('image_output')),
    images: by('per_image') ?? (productByTokens ? 'count' : undefined),
    seconds: by('per_second') ?? (mediaByTokens ? 'count' : undefined),
    searches: by('per_search'),
    calls: by('per_call') ?? 'count',
  };
}

/** Long writes: their own price; else the one write price, unless that is stated for short writes only; else plain input. */
function longWrite(
  body: PriceBody,
  rates: Partial<Record<RateName, bigint>>,
  by: (rate: RateName) => FieldPlan,
): FieldPlan {
  if (rates.cache_write_long !== undefined) return by('cache_write_long');
  if (rates.cache_write === undefined) return by('input');
  return body.cache_write_ttl?.cache_write === undefined ? by('cache_write') : undefined;
}

type Edge = 'input_gt' | 'input_lte' | 'prompt_gt' | 'prompt_lte' | 'output_gt' | 'output_lte';

function edges(bands: readonly Band[], names: readonly Edge[]): number[] {
  const found = new Set<number>();
  for (const band of bands) {
    for (const name of names) {
      const edge = band.when[name];
      if (edge !== undefined) found.add(edge);
    }
  }
  return [...found].sort((a, b) => a - b);
}
