import { z } from 'zod';
import { CalendarRule } from './calendar.ts';

/** What can have a price, and by what. Token prices are per `unit`; `cache_storage` is per `unit` and hour; `per_*` are per piece. */
export const TOKEN_RATES = [
  'input',
  'cache_read',
  'cache_write',
  /** writes that live long (an hour at Anthropic, twelve at OpenAI) */
  'cache_write_long',
  'output',
  'reasoning',
  'audio_input',
  'audio_output',
  'image_input',
  'image_output',
] as const;
export const OTHER_RATES = ['cache_storage', 'per_image', 'per_second', 'per_search', 'per_call'] as const;
export const RATES = [...TOKEN_RATES, ...OTHER_RATES] as const;
export type TokenRate = (typeof TOKEN_RATES)[number];
export type RateName = (typeof RATES)[number];

export const PRICE_UNITS = ['1M_tokens', '1K_tokens', 'token'] as const;
export type PriceUnit = (typeof PRICE_UNITS)[number];

/** Decimal places that keep a price whole when it is counted in pico-units per million tokens (per piece: in 10^-18). */
const PLACES: Record<PriceUnit, number> = { '1M_tokens': 12, '1K_tokens': 15, token: 18 };
const PIECE_PLACES = 18;
export const MULTIPLIER_PLACES = 6;

const DECIMAL = /^\d{1,15}(?:\.(\d{1,24}))?$/;
const Decimal = z.string().regex(DECIMAL, { error: 'must be a decimal in quotes, such as "0.25"' });
const Tokens = z.int().min(0);

/** A condition on the whole request. All of its parts must hold. */
export const PriceCondition = z.strictObject({
  /** Prompt tokens as vendors count them, cached ones included; `prompt_*` says the same in other vendors' words. */
  input_gt: Tokens.optional(),
  input_lte: Tokens.optional(),
  prompt_gt: Tokens.optional(),
  prompt_lte: Tokens.optional(),
  /** Tokens written, reasoning included. */
  output_gt: Tokens.optional(),
  output_lte: Tokens.optional(),
  /** Name of one of the body's calendars. */
  calendar: z.string().optional(),
  resolution_in: z.array(z.string()).min(1).optional(),
  video_input: z.boolean().optional(),
});
export type PriceCondition = z.infer<typeof PriceCondition>;

const rateShape = Object.fromEntries(RATES.map((rate) => [rate, Decimal.optional()])) as Record<
  RateName,
  z.ZodOptional<typeof Decimal>
>;

export const PriceBand = z
  .strictObject({ when: PriceCondition.optional(), ...rateShape })
  .refine((band) => RATES.some((rate) => band[rate] !== undefined), { error: 'has no price in it' });
export type PriceBand = z.infer<typeof PriceBand>;

export const PRICE_MODES = ['chat', 'embedding', 'image', 'video', 'audio', 'rerank'] as const;

/**
 * The body of a price row: what `PriceRecord.body` holds. Bands are tried in order, and the first whose condition holds prices
 * the whole request. docs/prices.md explains each field.
 */
export const PriceBody = z
  .strictObject({
    mode: z.enum(PRICE_MODES).default('chat'),
    unit: z.enum(PRICE_UNITS).default('1M_tokens'),
    /** Everything costs nothing; a row of one's own machine. Needs no bands. */
    free: z.boolean().optional(),
    bands: z.array(PriceBand).max(64).default([]),
    /**
     * `as_output`: reasoning without a price of its own takes output's. `mode_dependent`: where the model reasons, its whole output
     * has another price, which is `reasoning`; without that price such an attempt has none.
     */
    reasoning_rule: z.enum(['as_output', 'mode_dependent']).default('as_output'),
    /** The vendor's input price holds for audio too. Without this or a price of its own, audio has no price. */
    audio_as_input: z.boolean().optional(),
    /** How long writes live at `cache_write` and `cache_write_long`. Stated for `cache_write`, its price is for that life only. */
    cache_write_ttl: z
      .strictObject({ cache_write: z.string().optional(), cache_write_long: z.string().optional() })
      .optional(),
    /**
     * Served tier (`batch`, `fast`, `priority` …) or `geo:<place>` → factor on every token price; `<tier>.<price>` sets the factor
     * of one price.
     */
    multipliers: z.record(z.string().regex(/^[a-z0-9_:.-]{1,64}$/), Decimal).default({}),
    calendars: z.record(z.string(), CalendarRule).default({}),
    /** Other ids of the same model at the same price. */
    aliases: z.array(z.string()).optional(),
    /** Versions named `<model>-2026-11-17` or `<model>-20261117` have this price too. */
    dated_versions: z.boolean().optional(),
    context_window: z.int().positive().optional(),
    max_output: z.int().positive().optional(),
    /** Where the figures were read. */
    source: z.string().optional(),
    /** `official`: the vendor's page; `secondary`: somebody who quotes the vendor; `derived`: computed from another published figure; `own`: set by whoever runs this. */
    confidence: z.enum(['official', 'secondary', 'derived', 'own']).optional(),
    /** When it was read: a day or a month. */
    as_of: z.string().optional(),
    note: z.string().optional(),
  })
  .superRefine((body, context) => {
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (!body.free && body.bands.length === 0) complain(['bands'], 'needs at least one band (or free: true)');
    if (body.free && body.bands.length > 0) complain(['bands'], 'a free row has no bands');
    for (const [index, band] of body.bands.entries()) {
      for (const rate of RATES) {
        const most = rate.startsWith('per_') ? PIECE_PLACES : PLACES[body.unit];
        const places = DECIMAL.exec(band[rate] ?? '')?.[1]?.length ?? 0;
        if (places > most) {
          complain(['bands', index, rate], `has more than ${most} decimal places`);
        }
      }
      const calendar = band.when?.calendar;
      if (calendar !== undefined && !Object.hasOwn(body.calendars, calendar)) {
        complain(['bands', index, 'when', 'calendar'], `"${calendar}" is not one of the row's calendars`);
      }
    }
    for (const [name, factor] of Object.entries(body.multipliers)) {
      if ((DECIMAL.exec(factor)?.[1]?.length ?? 0) > MULTIPLIER_PLACES) {
        complain(['multipliers', name], `has more than ${MULTIPLIER_PLACES} decimal places`);
      }
    }
  });
/** As stored and sent: fields with a default may be left out. */
export type PriceBodyInput = z.input<typeof PriceBody>;
export type PriceBody = z.infer<typeof PriceBody>;

/** `text` × 10^places as a whole number. The schema has checked that nothing is cut off. */
export function scaledDecimal(text: string, places: number): bigint {
  const [units, fraction = ''] = text.split('.');
  return BigInt(units! + fraction.slice(0, places).padEnd(places, '0'));
}

/** A price in pico-units per million tokens, or per million pieces. */
export function scaledRate(rate: RateName, text: string, unit: PriceUnit): bigint {
  return scaledDecimal(text, rate.startsWith('per_') ? PIECE_PLACES : PLACES[unit]);
}
