/** Usage reports, the barometer, invoices and returns on the wire. */
import { z } from 'zod';
import { USAGE_FIELDS, type UsageField } from '../usage.ts';
import { Amounts, Currency, Id, Paging, Timestamp } from './common.ts';

const shape = Object.fromEntries(USAGE_FIELDS.map((field) => [field, z.int().min(0).optional()])) as Record<
  UsageField,
  z.ZodOptional<z.ZodInt>
>;

/** The usage vector: parts that never overlap. Token parts are always there, the others where they are not 0. */
export const UsageView = z
  .object(shape)
  .meta({ id: 'Usage', description: 'Disjoint parts: `input` excludes cache, `output` excludes `reasoning`.' });
export type UsageView = z.infer<typeof UsageView>;

const WhenText = 'ISO 8601 time, day or month, or an age such as `7d`, `24h`, `30m`';

export const UsageQuery = z.strictObject({
  group_by: z.string().max(500).optional().meta({
    description:
      'Any of model, requested_model, provider, project, organisation, key, agent, currency, day, hour, tag:<key>, with commas between.',
  }),
  from: z
    .string()
    .max(40)
    .optional()
    .meta({ description: `${WhenText}. 30 days ago unless given.` }),
  to: z
    .string()
    .max(40)
    .optional()
    .meta({ description: `${WhenText}; a day or month is included. Now unless given.` }),
  organisation: Id.optional(),
  project: Id.optional(),
  key: Id.optional(),
  model: Id.optional(),
  agent: Id.optional(),
  timezone: z
    .string()
    .max(100)
    .optional()
    .meta({ description: "IANA time zone of days and hours; the organisation's unless given." }),
  format: z.enum(['json', 'csv']).optional(),
});

export const UsageRowView = z
  .object({
    group: z.record(z.string(), z.string()),
    requests: z.number(),
    attempts: z.number(),
    errors: z.number(),
    usage: UsageView,
    estimated: z.number(),
    unreconciled: z.number(),
    unpriced: z.number(),
    cost: Amounts,
    charge: Amounts,
    cascade: z
      .object({
        reflex: z.number().meta({ description: 'Requests that Reflex answered.' }),
        passed: z.number().meta({ description: 'Requests that the large model was asked for.' }),
        saved: z
          .object({ tokens: z.number(), cost: Amounts, ms: z.number() })
          .meta({ description: 'What the large models would have taken, by estimate.' }),
      })
      .optional()
      .meta({ description: 'Where any request was to a cascade.' }),
  })
  .meta({ id: 'UsageRow' });
export type UsageRowView = z.infer<typeof UsageRowView>;

export const UsageReport = z
  .object({ from: Timestamp, to: Timestamp, timezone: z.string(), data: z.array(UsageRowView) })
  .meta({ id: 'UsageReport', description: 'Sums of whole quarter-hours.' });
export type UsageReport = z.infer<typeof UsageReport>;

export const BarometerQuery = z.strictObject({ organisation: Id.optional(), timezone: z.string().max(100).optional() });

export const LiveOperationView = z
  .object({
    id: z.string(),
    at: Timestamp,
    organisation: z.string(),
    project: z.string(),
    key: z.string(),
    surface: z.string().optional(),
    model: z.string(),
    deployment: z.string(),
    status: z.string(),
    tokens: z.number(),
    charge: z.string().nullable(),
    charge_currency: z.string().nullable(),
    total_ms: z.number(),
    ttft_ms: z.number().nullable(),
  })
  .meta({ id: 'LiveOperation' });
export type LiveOperationView = z.infer<typeof LiveOperationView>;

export const BarometerView = z
  .object({
    at: Timestamp,
    timezone: z.string(),
    tokens: z.object({ total: z.number(), today: z.number(), last_minute: z.number().optional() }),
    requests: z.object({ total: z.number(), today: z.number() }),
    errors: z.number(),
    open: z.number().meta({ description: 'Calls that run now on this server.' }),
    per_minute: z.number(),
    per_day: z.array(z.object({ day: z.string(), tokens: z.number(), requests: z.number() })),
    growth: z.object({ day: z.number().nullable(), week: z.number().nullable(), month: z.number().nullable() }),
    milestones: z.array(z.object({ tokens: z.number(), at: Timestamp.optional() })),
    last: z.array(LiveOperationView).meta({ description: 'Last operations of this server, newest first.' }),
  })
  .meta({ id: 'Barometer' });
export type BarometerView = z.infer<typeof BarometerView>;

/** One server-sent event of `GET /admin/v1/live`: `barometer` each second and `operation` for each settled call. */
export interface LiveSnapshot {
  at: string;
  tokens: { total: number; today: number; last_minute: number };
  requests: { total: number; today: number };
  per_minute: number;
  open: number;
  /** Events that this reader was too slow for, since it connected. */
  dropped: number;
}

export const CreateInvoice = z.strictObject({
  organisation: Id.optional(),
  project: Id.optional(),
  period: z.string().max(10).meta({ description: "A month in the organisation's time zone.", example: '2026-11' }),
  currency: Currency,
  tax_rate: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,12})?$/, 'must be a decimal fraction in quotes, such as "0.06"')
    .optional(),
});
export const InvoiceQuery = z.strictObject({ ...Paging, organisation: Id.optional(), project: Id.optional() });
export const InvoiceView = z
  .object({
    id: z.string(),
    organisation: z.string().optional(),
    project: z.string().optional(),
    period: z.string(),
    currency: z.string(),
    lines: z.array(z.object({ description: z.string(), operations: z.number(), amount: z.string() })),
    subtotal: z.string(),
    tax_rate: z.string().optional(),
    tax: z.string(),
    total: z.string(),
    created_at: Timestamp,
  })
  .meta({ id: 'Invoice' });
export type InvoiceView = z.infer<typeof InvoiceView>;

const WhenShape = {
  from: z
    .string()
    .max(40)
    .optional()
    .meta({ description: `${WhenText}.` }),
  to: z
    .string()
    .max(40)
    .optional()
    .meta({ description: `${WhenText}; a day or month is included.` }),
};

export const CreateOutcome = z
  .strictObject({
    operation: Id.optional(),
    run: Id.optional(),
    kind: z.string().trim().min(1).max(100),
    value: z
      .string()
      .regex(/^-?\d{1,26}(\.\d{1,12})?$/, 'must be a decimal in quotes, such as "12.50"')
      .optional(),
    currency: Currency.optional(),
    minutes_saved: z.number().min(0).max(10_000_000).optional(),
    idempotency_key: z.string().min(1).max(200).optional(),
    answer: z
      .strictObject({
        intent: z.string().trim().min(1).max(200),
        slots: z
          .array(z.strictObject({ name: z.string().min(1).max(200), value: z.string().min(1).max(2000) }))
          .max(100)
          .optional(),
      })
      .optional()
      .meta({ description: 'With kind `corrected`: the tool or label that would have been right, and its values.' }),
  })
  .refine((outcome) => outcome.answer === undefined || outcome.kind === 'corrected', {
    path: ['answer'],
    message: 'belongs to the kind "corrected"',
  })
  .refine((outcome) => (outcome.operation === undefined) !== (outcome.run === undefined), {
    path: ['operation'],
    message: 'give either operation or run',
  })
  .refine((outcome) => (outcome.value === undefined) === (outcome.currency === undefined), {
    path: ['currency'],
    message: 'value and currency go together',
  });

export const OutcomeView = z
  .object({
    id: z.string(),
    at: Timestamp,
    project: z.string(),
    operation: z.string().optional(),
    run: z.string().optional(),
    kind: z.string(),
    value: z.string().optional(),
    currency: z.string().optional(),
    minutes_saved: z.number().optional(),
    idempotency_key: z.string().optional(),
    example: z
      .object({
        status: z.enum(['added', 'already', 'over_budget', 'not_kept', 'no_example', 'refused']),
        model: z.string().optional(),
        intent: z.string().optional(),
        detail: z.string().optional(),
      })
      .optional()
      .meta({
        description: 'What a cascade that learns made of a `confirmed` or `corrected` answer; see docs/cascade.md.',
      }),
  })
  .meta({ id: 'Outcome' });
export type OutcomeView = z.infer<typeof OutcomeView>;

export const OutcomeQuery = z.strictObject({ ...Paging, project: Id.optional(), kind: z.string().max(100).optional() });

export const ReturnQuery = z.strictObject({
  group_by: z.enum(['project', 'key', 'agent']).default('project'),
  project: Id.optional(),
  kind: z.string().max(100).optional(),
  currency: Currency.optional().meta({
    description: 'Convert values and charges to it by fx-rates; what has no rate stays apart.',
  }),
  ...WhenShape,
  timezone: z.string().max(100).optional(),
});

export const ReturnView = z
  .object({
    group: z.record(z.string(), z.string()),
    kind: z.string(),
    outcomes: z.number(),
    minutes_saved: z.number(),
    value: Amounts,
    charge: Amounts.meta({ description: 'All that the group was charged in the period, whatever came of it.' }),
    return: z
      .object({ ratio: z.string(), value: z.string(), charge: z.string(), currency: z.string() })
      .nullable()
      .meta({
        description: 'value ÷ charge, six places; null where the two share no currency or nothing was charged.',
      }),
  })
  .meta({ id: 'Return' });
export type ReturnView = z.infer<typeof ReturnView>;
export const ReturnReport = z
  .object({ from: Timestamp, to: Timestamp, data: z.array(ReturnView) })
  .meta({ id: 'ReturnReport' });
