import type { Pico } from '../base/money.ts';
import type { UsageField } from '../contract/usage.ts';
import {
  type Band,
  FACTOR_SCALE,
  type Factors,
  factorOf,
  factorsFor,
  findBand,
  type Plan,
  type Price,
  RATE_SCALE,
} from './price.ts';

/** A call never outlives this unless the caller of `costBound` says otherwise. */
const DEFAULT_DURATION_MS = 600_000;
const SCALE = RATE_SCALE * FACTOR_SCALE;

/** Upper bounds of what a call can use. */
export interface CallBound {
  /** Text tokens read, cached or not. */
  inputTokens: number;
  /** Tokens that images and sound in the input can count as, beside `inputTokens`. */
  imageTokens?: number;
  audioTokens?: number;
  /** Tokens written in all choices together, reasoning included. */
  outputTokens: number;
  /** What the call may write. Default: text. */
  outputKinds?: readonly ('text' | 'audio' | 'image')[];
  /** false: the call can't make the model reason. Default true. */
  reasoning?: boolean;
  /** Pieces that have prices of their own. */
  images?: number;
  seconds?: number;
  searches?: number;
  calls?: number;
  at_ms: number;
  /** How long the call can last; prices that change with the hour are taken at their dearest within it. Default ten minutes. */
  duration_ms?: number;
  /** The tier that was asked for, if any; the list price is always among what may be served. */
  tier?: string;
  batch?: boolean;
  geo?: string;
  resolution?: string;
  videoInput?: boolean;
}

/** A cost in the cells of one prompt length: `fixed + perOutput × tokens`, over SCALE, for tokens in (from, to]. */
interface Cell {
  from: number;
  to: number;
  fixed: bigint;
  /** undefined: no price, so nothing may be written. */
  perOutput: bigint | undefined;
}

/** A region without a price, as `gap` names it. */
interface Gap {
  from: number;
  gap: string;
}

/**
 * The most that a call can cost, in pico-units of the price's currency, rounded up: at the dearest band, hour and tier that it can
 * reach, its input at the dearest of input and cache prices, its output at the dearest of output and reasoning.
 * undefined when some usage that the call can reach has no price, so that there is no bound; `boundGap` says what.
 */
export function costBound(price: Price, call: CallBound): Pico | undefined {
  if (price.body.free) return 0n;
  const { cells, gaps } = regions(price, call);
  if (gaps.some((gap) => call.outputTokens > gap.from)) return undefined;
  let most = 0n;
  for (const cell of cells) {
    if (call.outputTokens <= cell.from) continue;
    const tokens = Math.min(call.outputTokens, cell.to);
    if (tokens > 0 && cell.perOutput === undefined) return undefined;
    const cost = cell.fixed + BigInt(tokens) * (cell.perOutput ?? 0n);
    if (cost > most) most = cost;
  }
  return ceilDiv(most);
}

/** Why `costBound` has no answer, such as `audio_in`, `tier:priority` or `band` (a length without a price); undefined when it has one. */
export function boundGap(price: Price, call: CallBound): string | undefined {
  if (price.body.free) return undefined;
  const { cells, gaps } = regions(price, call);
  const gap = gaps.find(({ from }) => call.outputTokens > from);
  if (gap) return gap.gap;
  const mute = cells.some((cell) => call.outputTokens > Math.max(cell.from, 0) && cell.perOutput === undefined);
  return mute ? 'output' : undefined;
}

/**
 * The most output tokens whose bound a budget covers: `costBound(result) ≤ budget < costBound(result + 1)`, at most `most_tokens`.
 * -1 when it doesn't even cover the input; undefined when the call has no bound at any output.
 */
export function outputAffordable(
  price: Price,
  call: Omit<CallBound, 'outputTokens'>,
  budget_pico: Pico,
  most_tokens: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (price.body.free) return budget_pico < 0n ? -1 : most_tokens;
  const { cells, gaps } = regions(price, { ...call, outputTokens: most_tokens });
  let tokens = most_tokens;
  for (const gap of gaps) tokens = Math.min(tokens, gap.from);
  if (tokens < 0) return undefined;
  const budget = budget_pico * SCALE;
  for (const cell of cells) tokens = Math.min(tokens, affordableIn(cell, budget));
  return tokens;
}

/** The most tokens of any length up to which this cell is no obstacle. */
function affordableIn(cell: Cell, budget: bigint): number {
  const left = budget - cell.fixed;
  if (left < 0n) return cell.from;
  if (cell.perOutput === undefined) return Math.max(cell.from, 0);
  if (cell.perOutput === 0n) return Number.POSITIVE_INFINITY;
  const tokens = left / cell.perOutput;
  if (tokens >= BigInt(cell.to === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : cell.to)) {
    return Number.POSITIVE_INFINITY;
  }
  return Math.max(cell.from, Number(tokens));
}

/** Every combination of prompt length, output length and hour that the call can reach, with its dearest cost. */
function regions(price: Price, call: CallBound): { cells: Cell[]; gaps: Gap[] } {
  const factors = reachableFactors(price, call);
  if (typeof factors === 'string') return { cells: [], gaps: [{ from: -1, gap: factors }] };
  const cells: Cell[] = [];
  const gaps: Gap[] = [];
  const prompts = steps(price.promptEdges, promptBound(call));
  const outputs = [...steps(price.outputEdges, Number.POSITIVE_INFINITY)];
  for (const at_ms of moments(price, call)) {
    const context = { at_ms, resolution: call.resolution, videoInput: call.videoInput };
    for (const prompt of prompts) {
      let from = -1;
      for (const to of outputs) {
        if (call.outputTokens <= from) break;
        const band = findBand(price, prompt, to, context);
        if (typeof band === 'string') gaps.push({ from, gap: band });
        else addCell(band, prompt, from, to, call, factors, cells, gaps);
        from = to;
      }
    }
  }
  return { cells, gaps };
}

function addCell(
  band: Band,
  prompt: number,
  from: number,
  to: number,
  call: CallBound,
  factors: readonly (Factors | undefined)[],
  cells: Cell[],
  gaps: Gap[],
): void {
  const rates = ratesOf(band, call, factors);
  const fixed = fixedCost(rates, prompt, call);
  if (typeof fixed === 'string') gaps.push({ from, gap: fixed });
  else cells.push({ from, to, fixed, perOutput: rates.output });
}

interface Dearest {
  text: bigint | undefined;
  image: bigint | undefined;
  audio: bigint | undefined;
  output: bigint | undefined;
  pieces: { field: 'images' | 'seconds' | 'searches' | 'calls'; rate: bigint | undefined }[];
}

/** Rates of a band at its list price and with text output, the bound of nearly every call. */
const listRates = new WeakMap<Band, Dearest>();

function ratesOf(band: Band, call: CallBound, factors: readonly (Factors | undefined)[]): Dearest {
  if (factors !== LIST_PRICE || call.outputKinds !== undefined || call.reasoning === false) {
    return dearestRates(band, call, factors);
  }
  let rates = listRates.get(band);
  if (!rates) {
    rates = dearestRates(band, call, factors);
    listRates.set(band, rates);
  }
  return rates;
}

/** The dearest rate of each kind, over SCALE; undefined where something of the kind has no price. */
function dearestRates(band: Band, call: CallBound, factors: readonly (Factors | undefined)[]): Dearest {
  const rate = (plan: Plan, field: UsageField): bigint | undefined => {
    const way = plan[field];
    if (way === undefined) return undefined;
    if (way === 'count') return 0n;
    let dearest = 0n;
    for (const set of factors) {
      const factor = set ? factorOf(set, way.rate) : FACTOR_SCALE;
      if (way.price * factor > dearest) dearest = way.price * factor;
    }
    return dearest;
  };
  const { plan, reasoningPlan } = band;
  const cached = (['cache_read', 'cache_write_5m', 'cache_write_1h'] as const).map((field) => rate(plan, field));
  const input = rate(plan, 'input');
  // A cache price that is missing (long writes without a price) makes that usage unpriced, not this call unbounded.
  const text = input === undefined ? undefined : greatest([input, ...cached.filter((one) => one !== undefined)]);
  const media = (own: bigint | undefined) => (own === undefined || text === undefined ? own : greatest([own, text]));
  const written: (bigint | undefined)[] = [];
  for (const kind of call.outputKinds ?? ['text']) {
    if (kind === 'audio') written.push(rate(plan, 'audio_out'));
    else if (kind === 'image') written.push(rate(plan, 'image_out'));
    else written.push(rate(plan, 'output'));
  }
  if (call.reasoning !== false) written.push(rate(reasoningPlan, 'reasoning'), rate(reasoningPlan, 'output'));
  return {
    text,
    image: media(rate(plan, 'image_in')),
    audio: media(rate(plan, 'audio_in')),
    output: greatestOf(written),
    pieces: (['images', 'seconds', 'searches', 'calls'] as const).map((field) => ({ field, rate: rate(plan, field) })),
  };
}

/** What is due besides the output: at most `prompt` tokens read, the dearest first, and the pieces. A string names what has no price. */
function fixedCost(rates: Dearest, prompt: number, call: CallBound): bigint | string {
  if (isTextOnly(call)) {
    if (call.inputTokens === 0) return 0n;
    return rates.text === undefined ? 'input' : BigInt(Math.min(prompt, call.inputTokens)) * rates.text;
  }
  const parts = [
    { field: 'input', rate: rates.text, tokens: call.inputTokens },
    { field: 'image_in', rate: rates.image, tokens: call.imageTokens ?? 0 },
    { field: 'audio_in', rate: rates.audio, tokens: call.audioTokens ?? 0 },
  ].filter((part) => part.tokens > 0);
  let cost = 0n;
  let left = prompt;
  for (const part of parts) if (part.rate === undefined) return part.field;
  parts.sort((a, b) => (b.rate! > a.rate! ? 1 : b.rate! < a.rate! ? -1 : 0));
  for (const part of parts) {
    const tokens = Math.min(left, part.tokens);
    cost += BigInt(tokens) * part.rate!;
    left -= tokens;
  }
  for (const { field, rate } of rates.pieces) {
    const quantity = call[field] ?? 0;
    if (quantity === 0) continue;
    if (rate === undefined) return field;
    cost += BigInt(quantity) * rate;
  }
  return cost;
}

function isTextOnly(call: CallBound): boolean {
  return !call.imageTokens && !call.audioTokens && !call.images && !call.seconds && !call.searches && !call.calls;
}

const LIST_PRICE: readonly (Factors | undefined)[] = [undefined];

/** Factors of all tiers that may be served. A batch is served as a batch; a tier that was asked for may also be refused. */
function reachableFactors(price: Price, call: CallBound): readonly (Factors | undefined)[] | string {
  if (!call.tier && !call.batch && !call.geo) return LIST_PRICE;
  const sets: (Factors | undefined)[] = [];
  for (const servedTier of new Set([undefined, call.tier])) {
    const factors = factorsFor(price, { servedTier, batch: call.batch, geo: call.geo });
    if (typeof factors === 'string') return factors;
    sets.push(factors);
  }
  return sets;
}

/** Moments that between them show every hour's price that the call can meet. */
function moments(price: Price, call: CallBound): number[] {
  if (price.calendars.size === 0) return [call.at_ms];
  const found = new Set([call.at_ms]);
  const end_ms = call.at_ms + (call.duration_ms ?? DEFAULT_DURATION_MS);
  for (const calendar of price.calendars.values()) {
    for (const edge_ms of calendar.edges(call.at_ms, end_ms)) found.add(edge_ms);
  }
  return [...found];
}

function promptBound(call: CallBound): number {
  return call.inputTokens + (call.imageTokens ?? 0) + (call.audioTokens ?? 0);
}

/** The upper ends of the intervals that `edges` cut 0…`limit` into. */
function steps(edges: readonly number[], limit: number): number[] {
  return [...edges.filter((edge) => edge < limit), limit];
}

function greatest(rates: readonly bigint[]): bigint {
  let most = rates[0]!;
  for (const rate of rates) if (rate > most) most = rate;
  return most;
}

function greatestOf(rates: readonly (bigint | undefined)[]): bigint | undefined {
  return rates.includes(undefined) ? undefined : greatest(rates as bigint[]);
}

function ceilDiv(value: bigint): bigint {
  return (value + SCALE - 1n) / SCALE;
}
