/** Organisations, projects and keys on the wire. */
import { z } from 'zod';
import { BudgetView } from './budgets.ts';
import { AmountDecimal, CapturePolicyName, Currency, Id, Moment, Name, Paging, Timestamp } from './common.ts';

const Timezone = z
  .string()
  .min(1)
  .max(100)
  .meta({ description: 'IANA time zone of days, months and invoices.', example: 'Asia/Shanghai' });
const TagKeys = z
  .array(
    z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, 'must begin with a letter and hold letters, digits, "_", "." or "-"'),
  )
  .max(16)
  .meta({ description: 'Tag keys that usage can be grouped by.' });

export const OrganisationView = z
  .object({
    id: z.string(),
    name: z.string(),
    timezone: z.string(),
    capture: CapturePolicyName,
    tag_keys: z.array(z.string()),
    created_at: Timestamp,
  })
  .meta({ id: 'Organisation' });
export type OrganisationView = z.infer<typeof OrganisationView>;

export const CreateOrganisation = z.strictObject({
  name: Name,
  timezone: Timezone.default('UTC'),
  capture: CapturePolicyName.default('metadata'),
  tag_keys: TagKeys.default(['team', 'feature']),
});
export const UpdateOrganisation = z.strictObject({
  name: Name.optional(),
  timezone: Timezone.optional(),
  capture: CapturePolicyName.optional(),
  tag_keys: TagKeys.optional(),
});

export const ProjectView = z
  .object({
    id: z.string(),
    organisation: z.string(),
    name: z.string(),
    capture: CapturePolicyName.optional(),
    created_at: Timestamp,
  })
  .meta({ id: 'Project' });
export type ProjectView = z.infer<typeof ProjectView>;

export const CreateProject = z.strictObject({
  name: Name,
  organisation: Id.default('default'),
  capture: CapturePolicyName.optional().meta({ description: "Absent: the organisation's." }),
});
export const UpdateProject = z.strictObject({
  name: Name.optional(),
  capture: CapturePolicyName.nullable().optional(),
});
export const ProjectQuery = z.strictObject({ ...Paging, organisation: Id.optional() });

const Rate = z.int().positive().max(1_000_000_000_000);
const Models = z
  .array(z.string().min(1).max(300))
  .max(500)
  .meta({ description: 'Model names or patterns that the key may call; absent: all.', example: ['openai/*', 'smart'] });

export const KeyView = z
  .object({
    id: z.string(),
    name: z.string(),
    project: z.string(),
    organisation: z.string(),
    hint: z.string().meta({ description: 'First and last characters of the secret.' }),
    rpm: z.number().optional(),
    tpm: z.number().optional(),
    concurrency: z.number().optional(),
    models: z.array(z.string()).optional(),
    act_as_user: z.boolean(),
    approve: z.boolean(),
    unpriced: z.boolean(),
    capture: CapturePolicyName.optional(),
    expires_at: Timestamp.optional(),
    revoked_at: Timestamp.optional(),
    created_at: Timestamp,
  })
  .meta({ id: 'Key' });
export type KeyView = z.infer<typeof KeyView>;

export const CreatedKey = KeyView.extend({
  secret: z.string().meta({ description: 'Shown this once.' }),
  budget: BudgetView.optional(),
}).meta({ id: 'CreatedKey' });
export type CreatedKey = z.infer<typeof CreatedKey>;

export const CreateKey = z.strictObject({
  name: Name,
  project: Id.optional().meta({ description: 'Id or name of the project; `default` unless given.' }),
  budget: z
    .strictObject({
      amount: AmountDecimal,
      currency: Currency,
      window: z.enum(['total', 'day', 'month']).default('total'),
      hard: z.boolean().default(true),
    })
    .optional(),
  rpm: Rate.optional().meta({ description: 'Calls per minute.' }),
  tpm: Rate.optional().meta({ description: 'Tokens per minute.' }),
  concurrency: Rate.optional().meta({ description: 'Calls at a time.' }),
  models: Models.optional(),
  expires_at: Moment.optional(),
  act_as_user: z.boolean().default(false).meta({ description: 'May set x-tokenworks-user.' }),
  approve: z.boolean().default(false).meta({ description: "May decide on agents' approvals." }),
  unpriced: z.boolean().default(true).meta({ description: 'false: models without a price are refused.' }),
  capture: CapturePolicyName.optional(),
});
export type CreateKey = z.input<typeof CreateKey>;

export const UpdateKey = z.strictObject({
  name: Name.optional(),
  rpm: Rate.nullable().optional(),
  tpm: Rate.nullable().optional(),
  concurrency: Rate.nullable().optional(),
  models: Models.nullable().optional(),
  expires_at: Moment.nullable().optional(),
  act_as_user: z.boolean().optional(),
  approve: z.boolean().optional(),
  unpriced: z.boolean().optional(),
  capture: CapturePolicyName.nullable().optional(),
});
export type UpdateKey = z.input<typeof UpdateKey>;

export const KeyQuery = z.strictObject({
  ...Paging,
  project: Id.optional(),
  revoked: z.enum(['true', 'false']).optional().meta({ description: 'true: revoked keys are listed too.' }),
});
