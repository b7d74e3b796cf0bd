/** Prices, exchange rates, providers and aliases on the wire. */
import { z } from 'zod';
import { cascadeShape, checkAlias } from '../../base/cascade-fields.ts';
import { Currency, Id, Moment, Name, Paging, PositiveDecimal, Timestamp } from './common.ts';

const Managed = z.enum(['file', 'api', 'builtin']);
const PriceText = z.string().regex(/^\d{1,15}(\.\d{1,24})?$/, 'must be a decimal in quotes, such as "0.25"');

export const PriceView = z
  .object({
    id: z.string(),
    book: z.enum(['cost', 'sell']),
    provider: z.string(),
    model: z.string(),
    currency: z.string(),
    body: z.unknown(),
    effective_from: Timestamp,
    effective_to: Timestamp.optional(),
    managed_by: Managed,
    created_at: Timestamp,
  })
  .meta({ id: 'Price' });
export type PriceView = z.infer<typeof PriceView>;

export const PriceQuery = z.strictObject({
  ...Paging,
  book: z.enum(['cost', 'sell']).optional(),
  provider: Id.optional(),
  model: Id.optional(),
  in_force: z.enum(['true', 'false']).optional().meta({ description: 'true: only rows that hold now.' }),
});

const rates = Object.fromEntries(
  [
    'input',
    'output',
    'reasoning',
    'cache_read',
    'cache_write',
    'cache_write_long',
    'cache_write_5m',
    'cache_write_1h',
    'cache_storage',
    'audio_input',
    'audio_output',
    'image_input',
    'image_output',
    'per_image',
    'per_second',
    'per_search',
    'per_call',
  ].map((name) => [name, PriceText.optional()]),
);

export const CreatePrice = z
  .strictObject({
    book: z.enum(['cost', 'sell']).default('cost'),
    provider: Name.meta({ description: 'A configured provider or a provider of the price book; `*` for any.' }),
    model: Name.meta({ description: "The provider's id of the model; `*` for all of them." }),
    currency: Currency,
    effective_from: Moment.optional().meta({ description: 'Now unless given.' }),
    effective_to: Moment.optional(),
    unit: z.enum(['1M_tokens', '1K_tokens', 'token']).optional(),
    ...rates,
    bands: z.array(z.record(z.string(), z.unknown())).min(1).max(64).optional(),
    multipliers: z.record(z.string(), PriceText).optional(),
    mode: z.string().max(20).optional(),
    body: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'A whole price body instead of plain prices; see docs/prices.md.' }),
  })
  .meta({ id: 'CreatePrice' });
export type CreatePrice = z.input<typeof CreatePrice>;

export const EndPriceQuery = z.strictObject({
  effective_to: Moment.optional().meta({ description: 'Now unless given.' }),
});

export const FxRateView = z
  .object({
    id: z.string(),
    base: z.string(),
    quote: z.string(),
    rate: z.string().meta({ description: 'Units of `quote` that one unit of `base` is worth.' }),
    effective_from: Timestamp,
    source: z.string().optional(),
    created_at: Timestamp,
  })
  .meta({ id: 'FxRate' });
export type FxRateView = z.infer<typeof FxRateView>;
export const CreateFxRate = z.strictObject({
  base: Currency,
  quote: Currency,
  rate: PositiveDecimal,
  effective_from: Moment.optional(),
  source: z.string().max(300).optional(),
});

const ProviderModel = z.strictObject({
  id: Name,
  name: Name.optional(),
  context_window: z.int().positive().optional(),
  max_output: z.int().positive().optional(),
  embeddings: z.boolean().optional(),
});

const Secret = z.string().min(1).max(20_000);

/** A provider as tokenworks.yaml would hold it; prices of its models go to `prices`. */
export const PutProvider = z
  .strictObject({
    protocol: z.enum(['openai', 'anthropic', 'gemini', 'ark', 'ollama', 'azure', 'vertex', 'bedrock', 'gguf']),
    base_url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .optional(),
    api_key: Secret.optional().meta({
      description: 'Sealed; never answered. Absent on PUT: the one that is stored stays.',
    }),
    api_version: Name.optional(),
    region: Name.optional(),
    project: Name.optional(),
    location: Name.optional(),
    service_account: Secret.optional().meta({ description: 'The JSON key itself, not a path.' }),
    access_key_id: Secret.optional(),
    secret_access_key: Secret.optional(),
    session_token: Secret.optional(),
    headers: z.record(z.string(), z.string().max(4000)).optional(),
    quirks: z.record(z.string(), z.unknown()).optional(),
    apis: z.array(z.string().max(50)).max(20).optional(),
    models: z
      .array(ProviderModel)
      .max(2000)
      .optional()
      .meta({ description: 'Only these are served; absent: whatever the provider has.' }),
    price_provider: Name.optional(),
  })
  .meta({ id: 'PutProvider' });
export type PutProvider = z.input<typeof PutProvider>;

const ProviderName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, 'must be letters, digits, ".", "_" or "-"');

export const CreateProvider = PutProvider.extend({ name: ProviderName }).meta({ id: 'CreateProvider' });
export type CreateProvider = z.input<typeof CreateProvider>;

export const ProviderView = z
  .object({
    name: z.string(),
    title: z.string(),
    protocol: z.string(),
    base_url: z.string(),
    managed_by: z.enum(['file', 'environment', 'loopback', 'api']),
    api_version: z.string().optional(),
    region: z.string().optional(),
    project: z.string().optional(),
    location: z.string().optional(),
    headers: z.array(z.string()).optional().meta({ description: 'Names only; values may be secrets.' }),
    secrets: z.array(z.string()).meta({ description: 'Which secrets are set.' }),
    quirks: z.record(z.string(), z.unknown()).optional(),
    apis: z.array(z.string()),
    models: z.array(z.object({ id: z.string(), name: z.string().optional() })).optional(),
    price_provider: z.string().optional(),
  })
  .meta({ id: 'Provider' });
export type ProviderView = z.infer<typeof ProviderView>;

export const ProviderTest = z
  .object({
    ok: z.boolean(),
    ms: z.number(),
    models: z.array(
      z.object({
        id: z.string(),
        title: z.string().optional(),
        context_window: z.number().optional(),
        max_output: z.number().optional(),
        kind: z.string().optional(),
      }),
    ),
    problem: z.string().optional(),
  })
  .meta({ id: 'ProviderTest' });
export type ProviderTest = z.infer<typeof ProviderTest>;

const AliasTarget = z.union([
  Name,
  z.strictObject({ model: Name, weight: z.number().positive().max(1_000_000).default(1) }),
]);

const aliasFields = {
  strategy: z.enum(['priority', 'weighted', 'fastest', 'cheapest', 'sticky']).default('priority'),
  targets: z
    .array(AliasTarget)
    .min(1)
    .max(50)
    .optional()
    .meta({ description: 'Models; absent where there is a cascade.' }),
  retries: z.int().min(0).max(10).default(0),
  timeout_ms: z.int().positive().max(3_600_000).optional(),
  cascade: cascadeShape.cascade.meta({
    description: 'A Reflex model, and the model or alias that answers where it is not sure; see docs/cascade.md.',
  }),
  precision: cascadeShape.precision.meta({
    description: 'Wanted share of right answers among those that Reflex gives; 0.95 unless given.',
  }),
  threshold: cascadeShape.threshold.meta({ description: 'Least confidence instead of a precision.' }),
  distill: cascadeShape.distill.meta({
    description: 'Confirmed and corrected answers become examples, so many a day and project.',
  }),
};
export const PutAlias = z.strictObject(aliasFields).superRefine(checkAlias);
export type PutAlias = z.input<typeof PutAlias>;
export const AliasName = z.strictObject({ name: ProviderName });
export const CreateAlias = z.strictObject({ ...aliasFields, name: ProviderName }).superRefine(checkAlias);
export type CreateAlias = z.input<typeof CreateAlias>;

export const AliasView = z
  .object({
    name: z.string(),
    strategy: z.string(),
    targets: z.array(z.object({ model: z.string(), weight: z.number() })).optional(),
    cascade: z.array(z.string()).optional(),
    precision: z.number().optional(),
    threshold: z.number().optional(),
    distill: z.object({ examples_per_day: z.number() }).optional(),
    retries: z.number(),
    timeout_ms: z.number().optional(),
    managed_by: z.enum(['file', 'api']),
  })
  .meta({ id: 'Alias' });
export type AliasView = z.infer<typeof AliasView>;
