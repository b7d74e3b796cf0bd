/** What is too long for the thread that serves: reading big bodies, training, taking in a model. Bytes in, bytes out. */
import { createHash } from 'node:crypto';
import { AppError } from '../../base/errors.ts';
import { type Change, type Example, LIMITS, OUT_OF_SCOPE, type TrainingProgress } from '../types.ts';
import { type EvalReport, evaluate } from '../understanding/evaluate.ts';
import { trainModel, trustOf } from '../understanding/model.ts';
import type { TrustTable } from '../understanding/trust.ts';
import { openVectors } from '../understanding/vectors.ts';
import { checkBounds, parseExamples } from './examples.ts';
import { applyChanges, packExamples, packReplies, unpackExamples } from './pack.ts';

/** Fields beside the examples are few and short. */
const MAX_REST = 64 * 1024;

export interface Batch {
  /** See packExamples. */
  packed: Uint8Array;
  count: number;
}

/** A body with examples, read: its other fields as they came, and the examples checked. */
export interface ReadBody {
  rest: Record<string, unknown>;
  batch?: Batch;
}

export interface TrainJob {
  do: 'train';
  /** Examples that the changes are made to; none where all are new. */
  packed?: Uint8Array;
  changes: Change[];
  /** Folder of the optional part with English vectors, where the model is to use them. */
  vectorsFolder?: string;
}

/** What the registry knows of a version without reading its bytes. */
export interface Facts {
  examples: number;
  intents: string[];
  slots: string[];
  bytes: number;
  train_s: number;
  vectors: boolean;
  /** How confident it must be for a wanted precision; absent in versions of before that was measured. */
  trust?: TrustTable;
}

export interface Artefact {
  model: Uint8Array;
  packed: Uint8Array;
  replies: Uint8Array;
  /** SHA-256 of `model`, hexadecimal. */
  hash: string;
  facts: Facts;
}

export type Job =
  | TrainJob
  | { do: 'read'; body: Uint8Array }
  | { do: 'texts'; body: Uint8Array }
  | { do: 'changes'; body: Uint8Array }
  | EvaluateJob
  | { do: 'import'; bytes: Uint8Array };

export interface EvaluateJob {
  do: 'evaluate';
  train: readonly Example[];
  test: readonly Example[];
  /** As in TrainJob; their time counts. */
  vectorsFolder?: string;
}

/** An export, taken apart. `model` is empty where it was never trained. */
export interface Imported extends Artefact {
  changes: Change[];
}

export type JobResult<J extends Job> = J extends { do: 'train' }
  ? Artefact
  : J extends { do: 'read' }
    ? ReadBody
    : J extends { do: 'texts' }
      ? Record<string, unknown>
      : J extends { do: 'changes' }
        ? ReadChanges
        : J extends { do: 'evaluate' }
          ? EvalReport
          : Imported;

/** JSON body → its fields. Throws AppError `invalid_request` that names the field. */
export function readBody(body: Uint8Array): ReadBody {
  const { examples, ...rest } = readFields(body);
  refuseLong(rest, 'examples');
  if (examples === undefined) return { rest };
  const checked = parseExamples(examples);
  return { rest, batch: { packed: packExamples(checked), count: checked.length } };
}

/** A body with `examples` to add and texts to `remove`: its other fields as they came, and the changes checked, removals first. */
export interface ReadChanges {
  rest: Record<string, unknown>;
  changes: Change[];
}

/** Throws AppError `invalid_request` that names the field, and `too_large` past what may wait for a training. */
export function readChanges(body: Uint8Array): ReadChanges {
  const { examples, remove, ...rest } = readFields(body);
  refuseLong(rest, 'examples');
  if (remove !== undefined && !Array.isArray(remove))
    throw new AppError('invalid_request', 'remove must be a list of {"text", "intent"?}.', { param: 'remove' });
  const count = (remove?.length ?? 0) + (Array.isArray(examples) ? examples.length : 0);
  if (count > LIMITS.changes) throw tooManyChanges(`${LIMITS.changes} changes`);
  const changes = [
    ...(remove ?? []).map((one, index) => parseChange({ remove: one }, `remove[${index}]`)),
    ...(examples === undefined ? [] : parseExamples(examples)).map((add) => ({ add })),
  ];
  if (changes.length === 0)
    throw new AppError('invalid_request', 'examples must be a list of at least one example.', { param: 'examples' });
  if (JSON.stringify(changes).length > LIMITS.changeChars) throw tooManyChanges(`${LIMITS.changeChars} characters`);
  return { rest, changes };
}

function tooManyChanges(most: string): AppError {
  return new AppError(
    'too_large',
    `examples and remove may have ${most} at most together; send them in several calls, or train the model on all its examples.`,
    { param: 'examples' },
  );
}

/** A body with `texts`: bounded, else as it came. Throws AppError. */
export function readTexts(body: Uint8Array): Record<string, unknown> {
  const { texts, ...rest } = readFields(body);
  refuseLong(rest, 'texts');
  if (!Array.isArray(texts)) return { ...rest, ...(texts !== undefined && { texts: null }) };
  if (texts.length > LIMITS.texts)
    throw new AppError(
      'invalid_request',
      `texts may hold ${LIMITS.texts} texts at most; send the rest in another call.`,
      {
        param: 'texts',
      },
    );
  return { ...rest, texts: texts.map((text) => (typeof text === 'string' ? text : null)) };
}

function refuseLong(rest: object, field: string): void {
  if (lengthOf(rest) > MAX_REST)
    throw new AppError('too_large', `The fields beside "${field}" may have ${MAX_REST / 1024} kB at most.`);
}

/** Characters as JSON; of what is nested too deep to be written there is no end. */
function lengthOf(value: object): number {
  try {
    return JSON.stringify(value).length;
  } catch (error) {
    if (error instanceof RangeError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

function readFields(body: Uint8Array): Record<string, unknown> {
  if (body.length === 0) throw new AppError('invalid_request', 'The body is empty; a JSON object is needed.');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    throw new AppError('invalid_request', 'The body is not valid JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AppError('invalid_request', 'The body: Invalid input: expected object.');
  return value as Record<string, unknown>;
}

/** Takes seconds and more. Throws AppError as trainModel does. */
export async function train(job: TrainJob, onProgress: (progress: TrainingProgress) => void): Promise<Artefact> {
  const before = job.packed ? unpackExamples(job.packed) : [];
  const examples = applyChanges(before, job.changes);
  checkBounds(examples);
  const started = performance.now();
  const vectors = job.vectorsFolder === undefined ? undefined : await openVectors(job.vectorsFolder);
  const model = await trainModel(examples, { onProgress, vectors });
  const train_s = (performance.now() - started) / 1_000;
  return artefactOf(model, examples, { train_s, vectors: vectors !== undefined });
}

/** See evaluate; takes as long as a training, and each test line's time. */
export async function measure(job: EvaluateJob, onProgress: (progress: TrainingProgress) => void): Promise<EvalReport> {
  const vectors = job.vectorsFolder === undefined ? undefined : await openVectors(job.vectorsFolder);
  return evaluate({ train: job.train, test: job.test, onProgress, ...(vectors && { vectors }) });
}

function artefactOf(
  model: Uint8Array,
  examples: readonly Example[],
  { train_s, vectors }: Pick<Facts, 'train_s' | 'vectors'>,
): Artefact {
  return {
    model,
    packed: packExamples(examples),
    replies: packReplies(examples),
    hash: createHash('sha256').update(model).digest('hex'),
    facts: {
      examples: examples.length,
      ...namesOf(examples),
      bytes: model.length,
      train_s,
      vectors,
      trust: trustIn(model),
    },
  };
}

/** An import may bear a model of another release, which is trained anew when it is asked. */
function trustIn(model: Uint8Array): TrustTable {
  try {
    return model.length === 0 ? [] : trustOf(model);
  } catch {
    return [];
  }
}

export function namesOf(examples: readonly Example[]): { intents: string[]; slots: string[] } {
  const intents = new Set(examples.map(({ intent }) => intent).filter((intent) => intent !== OUT_OF_SCOPE));
  const slots = new Set(examples.flatMap((example) => (example.slots ?? []).map(({ name }) => name)));
  return { intents: [...intents].sort(), slots: [...slots].sort() };
}

// ---------------------------------------------------------------- export

const MAGIC = 'RFXE';

interface ExportHeader {
  version: 2;
  packedBytes: number;
  changes: Change[];
  train_s: number;
  vectors: boolean;
}

/** `RFXE`, header length, header (JSON), packed examples, then the model's own bytes where it is trained. Little-endian. In parts: joined they are the export. */
export function encodeExport(
  artefact: Pick<Artefact, 'model' | 'packed'> & { facts: Pick<Facts, 'train_s' | 'vectors'> },
  changes: Change[],
): Uint8Array[] {
  const { packed, model, facts } = artefact;
  const header: ExportHeader = {
    version: 2,
    packedBytes: packed.length,
    changes,
    train_s: facts.train_s,
    vectors: facts.vectors,
  };
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return [Buffer.concat([Buffer.from(MAGIC, 'latin1'), length, json]), packed, model];
}

/** Throws AppError `invalid_request` where the bytes are no export. Reads form 1 too, which had its examples in the header. */
export async function decodeExport(bytes: Uint8Array): Promise<Imported> {
  const fail = (what: string): never => {
    throw new AppError('invalid_request', `These bytes are no export of a Reflex model: ${what}.`, { param: 'bytes' });
  };
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 8 || buffer.toString('latin1', 0, 4) !== MAGIC) return fail('the mark RFXE is missing');
  const end = 8 + buffer.readUInt32LE(4);
  if (end > buffer.length) return fail('they are cut');
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(buffer.toString('utf8', 8, end)) as Record<string, unknown>;
  } catch {
    return fail('the header is no JSON');
  }
  const read = header.version === 1 ? readFormOne(header) : readFormTwo(header, buffer, end);
  if (!read) return fail('the header lacks what it needs');
  const model = new Uint8Array(buffer.subarray(end + read.skip));
  // One that another release has made is trained anew when it is asked.
  if (model.length > 0 && !isOfOurs(model)) return fail('what follows the examples is no model');
  if (model.length === 0 && read.examples.length > 0 && read.changes.length === 0)
    return fail('it has examples but no model');
  return {
    ...artefactOf(model, read.examples, {
      train_s: Number(header.train_s) || 0,
      vectors: header.vectors === true,
    }),
    changes: read.changes,
  };
}

function isOfOurs(model: Uint8Array): boolean {
  return Buffer.from(model.subarray(0, 3)).toString('latin1') === 'RFX';
}

interface ReadExport {
  examples: Example[];
  changes: Change[];
  /** Bytes between the header and the model. */
  skip: number;
}

function readFormOne(header: Record<string, unknown>): ReadExport | undefined {
  const { pending } = header;
  if (!Number.isInteger(pending) || (pending as number) < 0) return undefined;
  const all = parseExamples(header.examples);
  const from = Math.max(0, all.length - (pending as number));
  return { examples: all.slice(0, from), changes: all.slice(from).map((add) => ({ add })), skip: 0 };
}

function readFormTwo(header: Record<string, unknown>, buffer: Buffer, end: number): ReadExport | undefined {
  const { version, packedBytes, changes } = header as Partial<ExportHeader>;
  if (version !== 2 || !Number.isInteger(packedBytes) || packedBytes! < 0 || end + packedBytes! > buffer.length)
    return undefined;
  if (!Array.isArray(changes)) return undefined;
  const packed = buffer.subarray(end, end + packedBytes!);
  return {
    examples: packed.length === 0 ? [] : unpackExamples(packed),
    changes: changes.map((change, index) => parseChange(change, `changes[${index}]`)),
    skip: packedBytes!,
  };
}

/** Throws AppError `invalid_request`. */
export function parseChange(input: unknown, param: string): Change {
  const { add, remove } = (input ?? {}) as { add?: unknown; remove?: { text?: unknown; intent?: unknown } };
  if (add !== undefined) return { add: parseExamples([add], param)[0]! };
  const isIntent = remove?.intent === undefined || typeof remove.intent === 'string';
  if (typeof remove?.text !== 'string' || remove.text.trim() === '' || !isIntent)
    throw new AppError('invalid_request', `${param}: must be {"text", "intent"?} with a text that is not empty.`, {
      param,
    });
  return { remove: { text: remove.text, ...(remove.intent !== undefined && { intent: remove.intent as string }) } };
}

/** Buffers whose memory can be handed to another thread instead of copied. */
export function transferable(...parts: Uint8Array[]): ArrayBuffer[] {
  const whole = parts.filter(
    (part) => part.buffer instanceof ArrayBuffer && part.byteLength === part.buffer.byteLength,
  );
  return [...new Set(whole.map((part) => part.buffer as ArrayBuffer))].filter((buffer) => buffer.byteLength > 0);
}
