/** Reflex models on the wire, and how a project's models are named in the registry. */
import { z } from 'zod';
import { Timestamp } from './common.ts';

/** The model that everybody shares; it belongs to no project and learns nothing from the API. */
export const REFLEX_BUILTIN = 'default';
const DEFAULT_PROJECT = 'default';
const BETWEEN = ':';

/** Names are a project's own: the registry name of the default project's models is the bare name, that of others bears their project. */
export function reflexRegistryName(project: string, name: string): string {
  return project === DEFAULT_PROJECT || name === REFLEX_BUILTIN ? name : `${project}${BETWEEN}${name}`;
}

/** The reverse of reflexRegistryName; `project` is undefined for the shared model. */
export function reflexOwner(registryName: string): { project?: string; name: string } {
  if (registryName === REFLEX_BUILTIN) return { name: registryName };
  const at = registryName.indexOf(BETWEEN);
  return at < 0
    ? { project: DEFAULT_PROJECT, name: registryName }
    : { project: registryName.slice(0, at), name: registryName.slice(at + 1) };
}

const PREFIX = 'reflex/';

/**
 * The catalogue's name of a model that a caller of this project names: a Reflex model is the project's own, other names stay as they are.
 * undefined where the name tries to reach into another project.
 */
export function catalogueName(project: string, model: string): string | undefined {
  if (!model.startsWith(PREFIX)) return model;
  const name = model.slice(PREFIX.length);
  return name.includes(BETWEEN) ? undefined : `${PREFIX}${reflexRegistryName(project, name)}`;
}

export const ReflexName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, 'must be letters, digits, ".", "_" or "-"');
export const ReflexParams = z.object({ name: ReflexName });

export const ReflexExample = z
  .strictObject({
    text: z.string(),
    intent: z.string(),
    slots: z
      .array(
        z.strictObject({
          name: z.string(),
          value: z.string(),
          start: z.int().min(0).optional(),
          end: z.int().min(0).optional(),
        }),
      )
      .optional(),
    reply: z.string().optional(),
  })
  .meta({ id: 'ReflexExample', description: '`start` and `end` are UTF-16 offsets; intent `oos` is out of scope.' });

export const ReflexVersionParams = z.object({
  name: ReflexName,
  version: z.coerce.number().int().min(1),
});

export const TrainReflex = z.strictObject({
  name: ReflexName,
  examples: z.array(z.unknown()).meta({ description: 'ReflexExample[]' }),
  vectors: z
    .boolean()
    .optional()
    .meta({ description: 'Read English texts with vectors too: better, slower; an optional part of the server.' }),
});
export const TrainReflexQuery = z.object({
  stream: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Server-sent events instead: `progress` {phase, epoch, of}, then `model`, or `error`.' }),
});
const RemoveExample = z.strictObject({ text: z.string().min(1), intent: z.string().min(1).optional() });
export const AddReflexExamples = z
  .strictObject({
    examples: z.array(z.unknown()).optional().meta({ description: 'ReflexExample[]' }),
    remove: z
      .array(RemoveExample)
      .max(2_000)
      .optional()
      .meta({ description: 'Takes back the examples of a text: those of the intent, or all. Done before `examples`.' }),
  })
  .refine(({ examples, remove }) => examples !== undefined || (remove?.length ?? 0) > 0, {
    message: 'must be a list of at least one example',
    path: ['examples'],
  });
export const PredictReflex = z.strictObject({ texts: z.array(z.string().max(200_000)).min(1) });

export const ReflexModelView = z
  .object({
    name: z.string(),
    model: z.string().meta({ description: 'The name to call it by as a chat model.' }),
    status: z.enum(['ready', 'training', 'untrained', 'failed']),
    problem: z.string().optional(),
    examples: z.number(),
    pending: z.number().meta({ description: 'Examples that work already and wait for the next training.' }),
    intents: z.array(z.string()),
    slots: z.array(z.string()),
    bytes: z.number(),
    train_s: z.number(),
    trained_at: Timestamp.optional(),
    version: z.number().meta({ description: 'The training that answers; 0 while there is none.' }),
    vectors: z.boolean(),
    job: z.string().optional().meta({ description: 'The training that runs: GET /v1/reflex/jobs/{id}.' }),
  })
  .meta({ id: 'ReflexModel' });
export type ReflexModelView = z.infer<typeof ReflexModelView>;

export const ReflexProgress = z
  .object({
    phase: z.string(),
    epoch: z.number().meta({ description: 'Steps of this phase that are done.' }),
    of: z.number(),
  })
  .meta({ id: 'ReflexProgress' });

export const ReflexVersionView = z
  .object({
    version: z.number(),
    active: z.boolean(),
    hash: z.string().meta({ description: 'SHA-256 of the trained model.' }),
    created_at: Timestamp,
    examples: z.number(),
    intents: z.number(),
    slots: z.number(),
    bytes: z.number(),
    train_s: z.number(),
    vectors: z.boolean(),
  })
  .meta({ id: 'ReflexVersion' });
export type ReflexVersionView = z.infer<typeof ReflexVersionView>;

export const ReflexJobView = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z.enum(['training', 'done', 'failed']),
    problem: z.string().optional(),
    progress: ReflexProgress.optional(),
    model: ReflexModelView.optional(),
  })
  .meta({ id: 'ReflexJob' });
export type ReflexJobView = z.infer<typeof ReflexJobView>;

const ReflexSlots = z.array(z.object({ name: z.string(), value: z.string(), start: z.number(), end: z.number() }));
export const ReflexPrediction = z
  .object({
    intent: z.string(),
    confidence: z.number(),
    slots: ReflexSlots,
    parts: z
      .array(
        z.object({
          text: z.string(),
          start: z.number(),
          end: z.number(),
          intent: z.string(),
          confidence: z.number(),
          slots: ReflexSlots,
        }),
      )
      .optional()
      .meta({ description: 'Only where the text has several commands: each of them, with its place in the text.' }),
    ms: z.number(),
  })
  .meta({ id: 'ReflexPrediction' });
