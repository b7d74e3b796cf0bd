/** Reflex models of a project: train, correct, ask, carry. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { Principal } from '../../accounts/index.ts';
import { AppError, toAppError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import { sseFrame } from '../../base/sse.ts';
import {
  AddReflexExamples,
  IdParams,
  PredictReflex,
  REFLEX_BUILTIN,
  ReflexJobView,
  ReflexModelView,
  ReflexParams,
  ReflexPrediction,
  ReflexVersionParams,
  ReflexVersionView,
  Removed,
  reflexOwner,
  reflexRegistryName,
  TrainReflex,
  TrainReflexQuery,
} from '../../contract/control/index.ts';
import type { ModelVersion, TrainingProgress } from '../../reflex/index.ts';
import { parseWith } from '../middleware/body.ts';
import type { Services } from '../services.ts';
import type { Routes } from './define.ts';
import { defined, iso, notFound } from './wire.ts';

const TAG = 'Reflex';
const PATH = '/v1/reflex/models';
/** A training that takes longer goes on as a job. */
const ANSWER_WITHIN_MS = 2000;
const MAX_JOBS = 500;
const MAX_TRAINING = 20;
/** A model of the largest size with its examples. */
const MAX_IMPORT_BYTES = 128 * 1024 * 1024;
const PIECE_BYTES = 128 * 1024;
/** Fields beside those that were read elsewhere. */
const NO_OTHERS = z.strictObject({});
const BINARY = 'application/octet-stream';

interface Job {
  id: string;
  project: string;
  /** As its project named it. */
  name: string;
  status: 'training' | 'done' | 'failed';
  problem?: string;
  progress?: TrainingProgress;
  /** Those that follow it. */
  listeners: Set<(progress: TrainingProgress) => void>;
}

export function reflexRoutes(routes: Routes, services: Services): void {
  const { reflex, clock } = services;
  const jobs = new Map<string, Job>();
  /** Registry name → its last training. */
  const lastJob = new Map<string, Job>();
  const maxBodyBytes = Math.floor(services.config.server.max_body_mb * 1024 * 1024);

  const registryName = (principal: Principal, name: string): string => reflexRegistryName(principal.key.project, name);

  /** The registry name of a model that is there. */
  async function known(principal: Principal, name: string): Promise<string> {
    await reflex.restore();
    const registered = registryName(principal, name);
    if (!reflex.get(registered)) throw notFound('Reflex model', name);
    return registered;
  }

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
      version: info.version,
      vectors: info.vectors,
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
      await reflex.restore();
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
      await reflex.restore();
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
        'Replaces the examples of a model of that name. The model before it answers until the training is done. ' +
        'With `?stream=true` or `accept: text/event-stream` the answer is a stream of `progress` events, then one `model` or `error`.',
      query: TrainReflexQuery,
      body: TrainReflex,
      isRaw: true,
      maxBodyBytes,
      status: 201,
      response: ReflexModelView,
      also: { 202: { description: 'The training goes on; `job` names it.', schema: ReflexModelView } },
      errors: ['not_allowed', 'conflict', 'too_large', 'overloaded'],
    },
    async ({ raw, query, principal, context }) => {
      const { rest, batch } = await reflex.readBody(raw);
      const { name, vectors } = parseWith(TrainReflex, { ...rest, ...(batch && { examples: [] }) });
      refuseBuiltin(name);
      await reflex.restore();
      const registered = registryName(principal, name);
      const job = openJob(principal, name, registered);
      const training = reflex.train(registered, batch!, { vectors, onProgress: (progress) => tell(job, progress) });
      training.then(
        () => {
          job.status = 'done';
        },
        (error: unknown) => {
          job.status = 'failed';
          job.problem = toAppError(error).message;
        },
      );
      const asksForStream = query.stream === 'true' || context.req.header('accept')?.includes('text/event-stream');
      if (asksForStream && query.stream !== 'false') return eventsOf(job, training, () => viewOf(principal, name));
      if (!(await endsWithin(training, ANSWER_WITHIN_MS))) return context.json(viewOf(principal, name), 202);
      return viewOf(principal, name);
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
      const progress = job.progress && progressView(job.progress);
      return defined({ id: job.id, name: job.name, status: job.status, problem: job.problem, progress, model });
    },
  );

  routes.key(
    {
      method: 'post',
      path: `${PATH}/{name}/examples`,
      tag: TAG,
      summary: 'Add examples, or take some back',
      description:
        'Counts from the next text on; the model is trained in the background. An example takes the place of others of the same text. ' +
        'Makes the model where there is none.',
      params: ReflexParams,
      body: AddReflexExamples,
      isRaw: true,
      maxBodyBytes,
      response: ReflexModelView,
      errors: ['not_allowed', 'too_large', 'overloaded'],
    },
    async ({ params, raw, principal }) => {
      refuseBuiltin(params.name);
      const { rest, changes } = await reflex.readChanges(raw);
      parseWith(NO_OTHERS, rest);
      await reflex.restore();
      await reflex.change(registryName(principal, params.name), changes);
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
      isRaw: true,
      maxBodyBytes,
      response: z.array(ReflexPrediction),
      errors: ['conflict'],
    },
    async ({ params, raw, principal }) => {
      const { texts } = parseWith(PredictReflex, await reflex.readTexts(raw));
      const predictions = await reflex.predict(await known(principal, params.name), texts);
      return predictions.map(({ intent, confidence, slots, parts, ms }) =>
        defined({ intent, confidence, slots, parts, ms }),
      );
    },
  );

  routes.key(
    {
      method: 'get',
      path: `${PATH}/{name}/versions`,
      tag: TAG,
      summary: 'List the trainings of a model that are kept',
      description: 'The last ten, newest first.',
      params: ReflexParams,
      response: z.object({ data: z.array(ReflexVersionView) }),
    },
    async ({ params, principal }) => {
      const versions = await reflex.versions(await known(principal, params.name));
      return { data: versions.map(versionView) };
    },
  );

  routes.key(
    {
      method: 'post',
      path: `${PATH}/{name}/versions/{version}/activate`,
      tag: TAG,
      summary: 'Go back to a training',
      description:
        'It answers from now on, and the next training stands on its examples. What was added since the last training stays added.',
      params: ReflexVersionParams,
      response: ReflexModelView,
      errors: ['invalid_request', 'not_allowed'],
    },
    async ({ params, principal }) => {
      refuseBuiltin(params.name);
      await reflex.activate(await known(principal, params.name), params.version);
      return viewOf(principal, params.name);
    },
  );

  routes.key(
    {
      method: 'get',
      path: `${PATH}/{name}/export`,
      tag: TAG,
      summary: 'Download a model with its examples',
      params: ReflexParams,
      response: z.string().meta({ format: 'binary' }),
      responseType: BINARY,
    },
    async ({ params, principal, context }) => {
      const parts = await reflex.export(await known(principal, params.name));
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      context.header('content-disposition', `attachment; filename="${params.name}.reflex"`);
      return context.body(inPieces(parts), 200, { 'content-type': BINARY, 'content-length': String(length) });
    },
  );

  routes.key(
    {
      method: 'put',
      path: `${PATH}/{name}/import`,
      tag: TAG,
      summary: 'Take in a model that was exported',
      description: 'Takes the place of a model of that name, as a new version of it.',
      params: ReflexParams,
      body: z.string().meta({ format: 'binary' }),
      bodyType: BINARY,
      isRaw: true,
      maxBodyBytes: MAX_IMPORT_BYTES,
      response: ReflexModelView,
      errors: ['not_allowed', 'conflict'],
    },
    async ({ params, raw, principal }) => {
      refuseBuiltin(params.name);
      await reflex.restore();
      await reflex.import(registryName(principal, params.name), raw);
      return viewOf(principal, params.name);
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
      await reflex.restore();
      const registered = registryName(principal, params.name);
      if (!(await reflex.remove(registered))) throw notFound('Reflex model', params.name);
      lastJob.delete(registered);
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
    const job: Job = {
      id: newId('job', clock.now()),
      project: principal.key.project,
      name,
      status: 'training',
      listeners: new Set(),
    };
    jobs.set(job.id, job);
    lastJob.set(registered, job);
    return job;
  }
}

function tell(job: Job, progress: TrainingProgress): void {
  job.progress = progress;
  for (const listener of job.listeners) listener(progress);
}

/** The training as it goes on. A reader that leaves stops nothing. */
function eventsOf(job: Job, training: Promise<unknown>, view: () => ReflexModelView): Response {
  const encoder = new TextEncoder();
  let listener: (progress: TrainingProgress) => void;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (event: string, value: unknown) =>
        controller.enqueue(encoder.encode(sseFrame(JSON.stringify(value), event)));
      let isOpen = true;
      listener = (progress) => send('progress', progressView(progress));
      job.listeners.add(listener);
      send('job', { id: job.id, name: job.name });
      const end = (event: string, value: () => unknown) => {
        if (!isOpen || !job.listeners.delete(listener)) return;
        isOpen = false;
        send(event, value());
        controller.close();
      };
      training.then(
        () => end('model', view),
        (error: unknown) => {
          const { code, message, param } = toAppError(error);
          end('error', () => ({ error: { code, message, param: param ?? null } }));
        },
      );
    },
    cancel() {
      job.listeners.delete(listener);
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' } });
}

/** Megabytes as a stream, so that others get their turn between its pieces. */
function inPieces(parts: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const pieces = (function* () {
    for (const part of parts)
      for (let at = 0; at < part.length; at += PIECE_BYTES) yield part.subarray(at, at + PIECE_BYTES);
  })();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      await nextTurn();
      const { value, done } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

function progressView({ phase, done, of }: TrainingProgress) {
  return { phase, epoch: done, of };
}

function versionView({ created_ms, ...version }: ModelVersion): ReflexVersionView {
  return { ...version, created_at: iso(created_ms) };
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
