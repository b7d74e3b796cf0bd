/** Operations, models, captures, the ledger and what watches over them, on the wire. */
import { z } from 'zod';
import { PASS_REASONS } from '../operation.ts';
import { Amounts, Id, Moment, Paging, Timestamp } from './common.ts';
import { UsageView } from './usage.ts';

const Latency = z.object({ total_ms: z.number(), ttft_ms: z.number().nullable() });
const UsageSourceName = z.enum(['provider', 'estimated', 'unreconciled']).nullable();

export const AttemptView = z
  .object({
    index: z.number(),
    deployment: z.string(),
    provider: z.string(),
    model: z.string(),
    status: z.string(),
    error_code: z.string().nullable(),
    http_status: z.number().nullable(),
    at: Timestamp,
    latency: Latency,
    usage: UsageView,
    usage_source: UsageSourceName,
    tokenizer: z.string().nullable(),
    served_tier: z.string().nullable(),
    cost: z.string().nullable(),
    currency: z.string().nullable(),
    price_version: z.string().nullable(),
    raw_usage: z.unknown(),
  })
  .meta({ id: 'Attempt' });
export type AttemptView = z.infer<typeof AttemptView>;

export const CascadeView = z
  .object({
    decision: z.enum(['reflex', 'passed']),
    reason: z.enum(PASS_REASONS).optional().meta({ description: 'Why the large model was asked.' }),
    confidence: z.number().optional(),
    threshold: z.number().optional(),
    saved: z
      .object({
        estimated: z.literal(true),
        tokens: z.number(),
        cost: z.string().optional(),
        currency: z.string().optional(),
        ms: z.number().optional(),
      })
      .optional()
      .meta({ description: 'What the large model would have taken, by estimate.' }),
  })
  .meta({ id: 'CascadeDecision' });

export const OperationView = z
  .object({
    id: z.string(),
    at: Timestamp,
    status: z.enum(['completed', 'failed', 'broken', 'aborted', 'cut']),
    error_code: z.string().nullable(),
    surface: z.string(),
    model: z.string(),
    deployment: z.string(),
    stream: z.boolean(),
    organisation: z.string(),
    project: z.string(),
    key: z.string(),
    user: z.string().nullable(),
    agent: z.string().nullable(),
    run: z.string().nullable(),
    tags: z.record(z.string(), z.string()),
    usage: UsageView.meta({ description: 'Sum over all attempts.' }),
    usage_source: UsageSourceName.meta({ description: 'The least certain of its attempts.' }),
    cost: z.string().nullable().meta({
      description: 'What the providers charge; null where no price is known or several currencies meet (see `costs`).',
    }),
    currency: z.string().nullable(),
    costs: Amounts,
    charge: z.string().nullable().meta({ description: 'What the client is charged; null where no price is known.' }),
    charge_currency: z.string().nullable(),
    price_version: z
      .string()
      .nullable()
      .meta({ description: 'Row of the cost book that priced the attempt that answered.' }),
    sell_price_version: z.string().nullable().meta({ description: 'Row of the sell book; null: charge = cost.' }),
    latency: Latency,
    attempts: z.array(AttemptView),
    holds: z.array(
      z.object({
        budget: z.string(),
        window: z.string(),
        kind: z.enum(['budget', 'wallet']),
        currency: z.string(),
        held: z.string(),
        settled: z.string(),
      }),
    ),
    cascade: CascadeView.optional().meta({ description: 'Where the name that was called is a cascade.' }),
  })
  .meta({ id: 'Operation' });
export type OperationView = z.infer<typeof OperationView>;

export const OperationQuery = z.strictObject({
  ...Paging,
  organisation: Id.optional(),
  project: Id.optional(),
  key: Id.optional(),
  model: Id.optional(),
  status: z.enum(['completed', 'failed', 'broken', 'aborted', 'cut']).optional(),
  from: Moment.optional(),
  to: Moment.optional(),
});

export const ModelPrice = z.object({
  id: z.string(),
  currency: z.string(),
  managed_by: z.string(),
  body: z.unknown(),
});

export const ModelView = z
  .object({
    id: z.string(),
    kind: z.enum(['model', 'alias', 'reflex']),
    owner: z.string(),
    context_window: z.number().optional(),
    max_output: z.number().optional(),
    embeddings: z.boolean().optional(),
    targets: z.array(z.object({ model: z.string(), weight: z.number() })).optional(),
    strategy: z.string().optional(),
    cascade: z
      .object({
        reflex: z.string(),
        precision: z.number().optional(),
        threshold: z.number().nullable().meta({
          description: "Of the default project's model: from this confidence on Reflex answers; null: it never does.",
        }),
        answers: z
          .number()
          .optional()
          .meta({ description: 'Share of held-out texts that Reflex answers from there on.' }),
        problem: z.string().optional(),
      })
      .optional(),
    priced: z.boolean(),
    cost: ModelPrice.nullable(),
    sell: ModelPrice.nullable().meta({ description: 'null: charge = cost.' }),
    health: z
      .object({
        state: z.enum(['closed', 'open', 'half_open']),
        latency_ms: z.number().optional(),
        completed: z.number(),
        failed: z.number(),
      })
      .nullable(),
  })
  .meta({ id: 'Model' });
export type ModelView = z.infer<typeof ModelView>;
export const ModelQuery = z.strictObject({
  ...Paging,
  kind: z.enum(['model', 'alias', 'reflex']).optional(),
  provider: Id.optional(),
  q: z.string().max(200).optional(),
});

export const AuditView = z
  .object({
    id: z.string(),
    at: Timestamp,
    organisation: z.string().optional(),
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditView = z.infer<typeof AuditView>;
export const AuditQuery = z.strictObject({
  ...Paging,
  organisation: Id.optional(),
  actor: Id.optional(),
  action: Id.optional(),
  from: Moment.optional(),
  to: Moment.optional(),
});

export const AlertView = z
  .object({
    id: z.string(),
    at: Timestamp,
    organisation: z.string(),
    kind: z.string(),
    subject: z.string(),
    detail: z.record(z.string(), z.unknown()),
    delivered_at: Timestamp.optional(),
  })
  .meta({ id: 'Alert' });
export type AlertView = z.infer<typeof AlertView>;
export const AlertQuery = z.strictObject({ ...Paging, organisation: Id.optional() });

export const BalanceView = z
  .object({ account: z.string(), currency: z.string(), amount: z.string() })
  .meta({ id: 'Balance' });
export const BalanceQuery = z.strictObject({ prefix: z.string().max(300).optional() });
export const ImbalanceView = z
  .object({ currency: z.string(), amount: z.string(), posting: z.string().optional() })
  .meta({ id: 'Imbalance' });
export const LedgerCheck = z
  .object({ ok: z.boolean(), imbalances: z.array(ImbalanceView) })
  .meta({ id: 'LedgerCheck' });
export const PostingView = z
  .object({ id: z.string(), at: Timestamp, kind: z.string(), reference: z.string(), entries: z.array(BalanceView) })
  .meta({ id: 'Posting' });
export const PostingQuery = z.strictObject({ ...Paging, account: Id.optional(), reference: Id.optional() });

export const CaptureView = z
  .object({
    operation: z.string(),
    at: Timestamp,
    project: z.string(),
    user: z.string().optional(),
    request: z.string(),
    reply: z.string(),
    expires_at: Timestamp,
  })
  .meta({ id: 'Capture' });
export const PurgeQuery = z.strictObject({ project: Id.default('default'), user: Id });
export const Purged = z.object({ project: z.string(), user: z.string(), deleted: z.number() }).meta({ id: 'Purged' });

export const DoctorCheck = z
  .object({ name: z.string(), ok: z.boolean(), detail: z.string() })
  .meta({ id: 'DoctorCheck' });
export const DoctorReport = z
  .object({ ok: z.boolean(), version: z.string(), checks: z.array(DoctorCheck) })
  .meta({ id: 'DoctorReport' });
export type DoctorReport = z.infer<typeof DoctorReport>;

export const Health = z.object({ status: z.string() }).meta({ id: 'Health' });
export const Readiness = z
  .object({ status: z.enum(['ready', 'starting', 'unavailable']), problems: z.array(z.string()).optional() })
  .meta({ id: 'Readiness' });

export const SignIn = z.strictObject({
  token: z.string().min(1).max(500).meta({ description: 'Token of a one-time link, or the admin key.' }),
});
export const SessionView = z
  .object({ signed_in: z.boolean(), expires_at: Timestamp.optional() })
  .meta({ id: 'Session' });
