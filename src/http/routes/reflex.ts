/** Reflex models of a project: train, correct, ask. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { Principal } from '../../accounts/index.ts';
import { AppError, toAppError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import {
  AddReflexExamples,
  IdParams,
  PredictReflex,
  REFLEX_BUILTIN,
  ReflexJobView,
  ReflexModelView,
  ReflexParams,
  ReflexPrediction,
  Removed,
  reflexOwner,
  reflexRegistryName,
  TrainReflex,
} from '../../contract/control/index.ts';
import type { Example } from '../../reflex/index.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import type { ReflexKeeper } from './reflex-keeper.ts';
import { defined, iso, notFound } from './wire.ts';

const TAG = 'Reflex';
const PATH = '/v1/reflex/models';
/** A training that takes longer goes on as a job. */
const ANSWER_WITHIN_MS = 2000;
const MAX_JOBS = 500;
const MAX_TRAINING = 20;
/** Texts between which other work gets its turn. */
const TEXTS_PER_TURN = 32;

interface Job {
  id: string;
  project: string;
  /** As its project named it. */
  name: string;
  status: 'training' | 'done' | 'failed';
  problem?: string;
}

export function reflexRoutes(routes: Routes, services: Services, keeper: ReflexKeeper): void {
  const { reflex, clock } = services;
  const jobs = new Map<string, Job>();
  /** Registry name → its last training. */
  const lastJob = new Map<string, Job>();
  const maxBodyBytes = Math.floor(services.config.server.max_body_mb * 1024 * 1024);

  const registryName = (principal: Principal, name: string): string => reflexRegistryName(principal.key.project, name);

  function viewOf(principal: Principal, name: string): ReflexModelView {
    const registered = registryName(principal, name);
    const info = reflex.get(registered);
    const job = lastJob.get(registered);
    if (!info) throw notFound('Reflex model', name);
    const isReady = info.intents.length > 0;
    return defined({
      name,
      model: `reflex/${name}`,
      status:
        job?.status === 'training' ? 'training' : isReady ? 'ready' : job?.status === 'failed' ? 'failed' : 'untrained',
      problem: job?.status === 'failed' ? job.problem : undefined,
      examples: info.examples,
      pending: info.pending,
      intents: info.intents,
      slots: info.slotNames,
      bytes: info.bytes,
      train_s: info.train_s,
      trained_at: info.trained_ms > 0 ? iso(info.trained_ms) : undefined,
      job: job?.status === 'training' ? job.id : undefined,
    });
  }

  routes.key(
    {
      method: 'get',
      path: PATH,
      tag: TAG,
      summary: "List the project's Reflex models",
      response: z.object({ data: z.array(ReflexModelView) }),
    },
    async ({ principal }) => {
      await keeper.restored();
      const names = reflex.models().flatMap((registered) => {
        const { project, name } = reflexOwner(registered);
        return project === undefined || project === principal.key.project ? [name] : [];
      });
      return { data: names.map((name) => viewOf(principal, name)) };
    },
  );

  routes.key(
    {
      method: 'get',
      path: `${PATH}/{name}`,
      tag: TAG,
      summary: 'Read a Reflex model',
      params: ReflexParams,
      response: ReflexModelView,
    },
    async ({ params, principal }) => {
      await keeper.restored();
      return viewOf(principal, params.name);
    },
  );

  routes.key(
    {
      method: 'post',
      path: PATH,
      tag: TAG,
      summary: 'Train a Reflex model',
      description:
        'Replaces the examples of a model of that name. The model before it answers until the training is done.',
      body: TrainReflex,
      maxBodyBytes,
      status: 201,
      response: ReflexModelView,
      also: { 202: { description: 'The training goes on; `job` names it.', schema: ReflexModelView } },
      errors: ['not_allowed', 'too_large', 'overloaded'],
    },
    async ({ body, principal, context }) => {
      refuseBuiltin(body.name);
      await keeper.restored();
      const registered = registryName(principal, body.name);
      const job = openJob(principal, body.name, registered);
      const training = reflex.train(registered, body.examples as Example[]).then(() => keeper.save(registered));
      training.then(
        () => {
          job.status = 'done';
        },
        (error: unknown) => {
          job.status = 'failed';
          job.problem = toAppError(error).message;
        },
      );
      if (!(await endsWithin(training, ANSWER_WITHIN_MS))) return context.json(viewOf(principal, body.name), 202);
      return viewOf(principal, body.name);
    },
  );

  routes.key(
    {
      method: 'get',
      path: '/v1/reflex/jobs/{id}',
      tag: TAG,
      summary: 'Read a training',
      params: IdParams,
      response: ReflexJobView,
    },
    ({ params, principal }) => {
      const job = jobs.get(params.id);
      if (!job || job.project !== principal.key.project) throw notFound('job', params.id);
      const model =
        job.status === 'done' && reflex.get(registryName(principal, job.name))
          ? viewOf(principal, job.name)
          : undefined;
      return defined({ id: job.id, name: job.name, status: job.status, problem: job.problem, model });
    },
  );

  routes.key(
    {
      method: 'post',
      path: `${PATH}/{name}/examples`,
      tag: TAG,
      summary: 'Add examples',
      description:
        'They work from the next text on; the model is trained in the background. Makes the model where there is none.',
      params: ReflexParams,
      body: AddReflexExamples,
      maxBodyBytes,
      response: ReflexModelView,
      errors: ['not_allowed', 'too_large', 'overloaded'],
    },
    async ({ params, body, principal }) => {
      refuseBuiltin(params.name);
      await keeper.restored();
      const registered = registryName(principal, params.name);
      await reflex.addExamples(registered, body.examples as Example[]);
      await keeper.added(registered, body.examples as Example[]);
      return viewOf(principal, params.name);
    },
  );

  routes.key(
    {
      method: 'post',
      path: `${PATH}/{name}/predict`,
      tag: TAG,
      summary: 'Ask what texts mean',
      params: ReflexParams,
      body: PredictReflex,
      maxBodyBytes,
      response: z.array(ReflexPrediction),
      errors: ['conflict'],
    },
    async ({ params, body, principal }) => {
      await keeper.restored();
      const registered = registryName(principal, params.name);
      if (!reflex.get(registered)) throw notFound('Reflex model', params.name);
      const answers: z.input<typeof ReflexPrediction>[] = [];
      for (let start = 0; start < body.texts.length; start += TEXTS_PER_TURN) {
        if (start > 0) await nextTurn();
        const predictions = await reflex.predict(registered, body.texts.slice(start, start + TEXTS_PER_TURN));
        for (const { intent, confidence, slots, ms } of predictions) answers.push({ intent, confidence, slots, ms });
      }
      return answers;
    },
  );

  routes.key(
    {
      method: 'delete',
      path: `${PATH}/{name}`,
      tag: TAG,
      summary: 'Remove a Reflex model',
      params: ReflexParams,
      response: Removed,
      errors: ['not_allowed'],
    },
    async ({ params, principal }) => {
      refuseBuiltin(params.name);
      await keeper.restored();
      const registered = registryName(principal, params.name);
      if (!(await reflex.remove(registered))) throw notFound('Reflex model', params.name);
      lastJob.delete(registered);
      await keeper.forget(registered);
      return { id: params.name, deleted: true as const };
    },
  );

  function openJob(principal: Principal, name: string, registered: string): Job {
    const training = [...jobs.values()].filter((job) => job.status === 'training');
    if (training.length >= MAX_TRAINING)
      throw new AppError('overloaded', 'Too many trainings wait; try again when some are done.', { retryAfter_s: 10 });
    if (jobs.size >= MAX_JOBS) {
      const ended = [...jobs.values()].find((job) => job.status !== 'training');
      if (ended) jobs.delete(ended.id);
    }
    const job: Job = { id: newId('job', clock.now()), project: principal.key.project, name, status: 'training' };
    jobs.set(job.id, job);
    lastJob.set(registered, job);
    return job;
  }
}

function refuseBuiltin(name: string): void {
  if (name === REFLEX_BUILTIN)
    throw new AppError(
      'not_allowed',
      `reflex/${REFLEX_BUILTIN} is everybody's and learns nothing here; choose another name.`,
      { param: 'name' },
    );
}

/** Whether the work is done in time; rejects when it fails in time. */
async function endsWithin(work: Promise<unknown>, timeout_ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), timeout_ms);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
