/** The fields of an alias that asks Reflex before a large model: the same in tokenworks.yaml and on the wire. */
import { z } from 'zod';

/** Wanted where an alias says neither `precision` nor `threshold`. */
export const DEFAULT_PRECISION = 0.95;

const REFLEX_MODEL = /^reflex\/[a-z0-9][a-z0-9._-]{0,62}$/i;

export const cascadeShape = {
  /** A Reflex model, by the name that the caller's project gave it, and the model or alias that answers where it is not sure. */
  cascade: z
    .tuple([
      z.string().regex(REFLEX_MODEL, 'must be a Reflex model such as "reflex/orders"'),
      z.string().min(1).max(300),
    ])
    .optional(),
  /** Wanted share of right answers among those that Reflex gives. */
  precision: z.number().min(0.5).max(0.9999).optional(),
  /** Least confidence instead of a precision. */
  threshold: z.number().min(0).max(1).optional(),
  /** Confirmed and corrected answers become examples, so many a day and project. */
  distill: z.strictObject({ examples_per_day: z.int().min(1).max(10_000) }).optional(),
};

interface AliasFields {
  name?: string;
  strategy?: string;
  targets?: readonly unknown[];
  cascade?: readonly string[];
  precision?: number;
  threshold?: number;
  distill?: unknown;
}

/** Adds an issue for each field that contradicts another. */
export function checkAlias(alias: AliasFields, context: z.core.$RefinementCtx): void {
  const refuse = (field: string, message: string): void => context.addIssue({ code: 'custom', path: [field], message });
  if (!alias.cascade) {
    if (!alias.targets) refuse('targets', 'an alias needs targets, or a cascade');
    for (const field of ['precision', 'threshold', 'distill'] as const)
      if (alias[field] !== undefined) refuse(field, 'belongs to a cascade, and this alias has none');
    return;
  }
  if (alias.targets) refuse('targets', 'an alias has either targets or a cascade; the cascade names its large model');
  if (alias.strategy !== undefined && alias.strategy !== 'priority')
    refuse(
      'strategy',
      'orders targets, and a cascade has its own order; let its second model be an alias with a strategy',
    );
  if (alias.precision !== undefined && alias.threshold !== undefined)
    refuse('threshold', 'give either precision or threshold');
  if (alias.cascade[1]!.startsWith('reflex/'))
    refuse('cascade', 'the second must be a large model, not a Reflex model');
  if (alias.cascade[1] === alias.name) refuse('cascade', 'the second is this alias itself; name a large model');
}
