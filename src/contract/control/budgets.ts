/** Budgets and wallets on the wire. */
import { z } from 'zod';
import { AmountDecimal, Currency, Id, Paging, PositiveDecimal, Timestamp } from './common.ts';

const Scope = z.enum(['organisation', 'project', 'key', 'agent']);
const AlertPercents = z
  .array(z.number().positive().max(1000))
  .max(20)
  .transform((percents) => [...new Set(percents)].sort((a, b) => a - b))
  .meta({ description: 'Shares of the amount, in percent, at which an alert is sent.' });
const Webhook = z.url({ protocol: /^https?$/ }).max(2000);

export const BudgetView = z
  .object({
    id: z.string(),
    scope: Scope,
    scope_id: z.string(),
    amount: z.string(),
    currency: z.string(),
    window: z.enum(['total', 'day', 'month']),
    hard: z.boolean(),
    alert_percents: z.array(z.number()),
    webhook: z.string().optional(),
    created_at: Timestamp,
    current_window: z
      .string()
      .meta({ description: "`total`, `2026-11` or `2026-11-24`, in the organisation's time zone." }),
    spent: z.string().meta({ description: 'Booked in the current window.' }),
    remaining: z.string(),
  })
  .meta({ id: 'Budget' });
export type BudgetView = z.infer<typeof BudgetView>;

export const CreateBudget = z.strictObject({
  scope: Scope,
  scope_id: Id.optional().meta({
    description:
      'Id of the organisation, project or key, or name of the agent; `default` unless given for the first two.',
  }),
  amount: AmountDecimal,
  currency: Currency,
  window: z.enum(['total', 'day', 'month']).default('total'),
  hard: z.boolean().default(true).meta({ description: 'true: calls that would go over it are refused.' }),
  alert_percents: AlertPercents.default([80, 100]),
  webhook: Webhook.optional().meta({ description: 'Where alerts are posted; not a private address.' }),
});
export type CreateBudget = z.input<typeof CreateBudget>;

export const UpdateBudget = z.strictObject({
  amount: AmountDecimal.optional(),
  hard: z.boolean().optional(),
  alert_percents: AlertPercents.optional(),
  webhook: Webhook.nullable().optional(),
});
export type UpdateBudget = z.input<typeof UpdateBudget>;

export const BudgetQuery = z.strictObject({ ...Paging, scope: Scope.optional(), scope_id: Id.optional() });

const WalletScope = z.enum(['organisation', 'project']);

export const WalletView = z
  .object({
    id: z.string(),
    scope: WalletScope,
    scope_id: z.string(),
    currency: z.string(),
    credited: z.string().meta({ description: 'All that was paid in, less what expired.' }),
    spent: z.string(),
    balance: z.string(),
    created_at: Timestamp,
  })
  .meta({ id: 'Wallet' });
export type WalletView = z.infer<typeof WalletView>;

export const CreateWallet = z.strictObject({ scope: WalletScope, scope_id: Id.default('default'), currency: Currency });
export const WalletQuery = z.strictObject({ ...Paging, scope: WalletScope.optional(), scope_id: Id.optional() });
export const TopUp = z.strictObject({
  amount: PositiveDecimal,
  idempotency_key: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'The same key again books nothing; give one wherever a request may be repeated.' }),
});
