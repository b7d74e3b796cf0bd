/** Parts that the control plane's wire shapes share. Money is a decimal string, a time is ISO 8601; an unknown field in a body is an error. */
import { z } from 'zod';
import { parseDecimal } from '../../base/money.ts';

/** An exact amount: at most 26 digits before the point and 12 after it. */
export const Decimal = z
  .string()
  .regex(/^-?\d{1,26}(\.\d{1,12})?$/, 'must be a decimal in quotes, such as "5.00"')
  .meta({ description: 'Exact decimal.', example: '5.00' });

export const PositiveDecimal = Decimal.refine(isPositive, 'must be above 0').meta({
  description: 'Exact decimal above 0.',
  example: '5.00',
});

export const AmountDecimal = Decimal.refine((text) => !text.startsWith('-'), 'must not be below 0').meta({
  description: 'Exact decimal, 0 or above.',
  example: '5.00',
});

export const Currency = z
  .string()
  .regex(/^[A-Za-z]{3}$/, 'must be a currency code of three letters, such as USD')
  .transform((code) => code.toUpperCase())
  .meta({ description: 'ISO 4217 code.', example: 'USD' });

/** A moment that a caller gives: ISO 8601 with an offset, or a date (midnight UTC). */
export const Moment = z
  .string()
  .refine(
    (text) =>
      /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text) &&
      !Number.isNaN(Date.parse(text)),
    'must be an ISO 8601 time such as "2026-11-24T09:00:00Z", or a date',
  )
  .meta({
    description: 'ISO 8601 time with an offset, or a date (midnight UTC).',
    example: '2026-11-24T09:00:00Z',
  });

/** A moment that we answer with. */
export const Timestamp = z.iso.datetime().meta({ example: '2026-11-24T09:00:00.000Z' });

export const Id = z.string().min(1).max(200);
export const Name = z.string().trim().min(1).max(200);

/** Currency → exact amount. */
export const Amounts = z.record(z.string(), z.string()).meta({
  description: 'Currency code → exact decimal.',
  example: { USD: '0.001234' },
});

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .refine((text) => Number(text) >= least && Number(text) <= most, `must be from ${least} to ${most}`)
    .transform(Number);

/** Query of every cursor list. */
export const Paging = {
  limit: wholeNumber(1, 500).optional().meta({ description: 'Rows of a page, 1 to 500; 50 unless given.' }),
  cursor: z.string().max(1000).optional().meta({ description: '`next` of the page before.' }),
};
export const PageQuery = z.strictObject(Paging);
export type PageQuery = z.output<typeof PageQuery>;

/** A page of a cursor list; `next` is absent on the last one. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), next: z.string().optional() });
}

export interface WirePage<T> {
  data: T[];
  next?: string;
}

export const IdParams = z.object({ id: Id });
export const NameParams = z.object({ name: Id });

export const Removed = z.object({ id: z.string(), deleted: z.literal(true) }).meta({ id: 'Removed' });
export type Removed = z.infer<typeof Removed>;

export const CapturePolicyName = z.enum(['none', 'metadata', 'full']).meta({
  description: 'What is kept of prompts and replies.',
});

/** The shape of an error on OpenAI's surfaces and the control plane. */
export const ErrorAnswer = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string(),
    }),
  })
  .meta({ id: 'Error' });
export type ErrorAnswer = z.infer<typeof ErrorAnswer>;

/** A check runs also on what an earlier check has refused, and must not throw then. */
function isPositive(text: string): boolean {
  try {
    return parseDecimal(text) > 0n;
  } catch {
    return true;
  }
}
