/**
 * What a cascade's calls could teach its Reflex model, until somebody says that the answer was right: texts and answers of a day, in memory
 * alone. Nothing is kept of calls whose capture policy is `none`.
 */
import type { Clock } from '../base/clock.ts';
import { toAppError } from '../base/errors.ts';
import { reflexRegistryName } from '../contract/control/index.ts';
import type { CascadeRecord } from '../contract/operation.ts';
import {
  type Api,
  type ChatRequest,
  type JsonObject,
  type Reply,
  type StreamEvent,
  surfaceApis,
} from '../providers/index.ts';
import { type Example, type Reflex, readPrompt, type SlotSpan } from '../reflex/index.ts';
import type { Store } from '../store/index.ts';
import type { AttemptResult } from './attempt.ts';
import type { Admitted, ReplySink } from './call.ts';
import { lastText } from './cascade.ts';
import { RecordingSink } from './recording-sink.ts';

const KEPT_MS = 24 * 3600 * 1000;
/** Calls that are kept, whatever their age; the oldest make room. */
const MAX_LESSONS = 4_000;
/** A larger reply is not read; as a stream, each token of a call may take a few hundred characters. */
const MAX_REPLY_CHARS = 256 * 1024;
/** A tool call or a label is short; longer answers are prose and teach nothing. */
const MAX_SAID_CHARS = 4_000;

interface Lesson {
  operation: string;
  at_ms: number;
  project: string;
  user?: string;
  alias: string;
  /** Name within the project. */
  reflex: string;
  examplesPerDay: number;
  text: string;
  /** What the answer said, where that may teach something. */
  said?: Said;
  /** The field of a JSON answer that bears the label; '' where the answer is the label itself. */
  labelField?: string;
  /** Reflex answered itself. */
  isOwn: boolean;
  isUsed: boolean;
}

export interface Correction {
  intent: string;
  slots?: readonly { name: string; value: string }[];
}

/** What became of a lesson. `not_kept`: too old, too long, or its policy forbade it. `no_example`: the answer is no single call or label. */
export interface Learnt {
  status: 'added' | 'already' | 'over_budget' | 'not_kept' | 'no_example' | 'refused';
  /** `reflex/<name>` */
  model?: string;
  intent?: string;
  /** Why the model took no more. */
  detail?: string;
}

export interface Lessons {
  /** Keeps a call to a cascade that may learn; cheap, and of others nothing. */
  keep(
    admitted: Admitted,
    request: ChatRequest,
    decision: CascadeRecord['decision'],
    sink: ReplySink,
    result: AttemptResult,
  ): void;
  /** The call's answer was right, or this would have been: makes it an example, within its cascade's budget of the day (UTC). */
  learn(operation: string, correction?: Correction): Promise<Learnt>;
  /** Answers how many were forgotten. */
  forgetUser(project: string, user: string): number;
}

export function createLessons({
  clock,
  store,
  reflex,
}: {
  clock: Clock;
  store: Pick<Store, 'settings'>;
  reflex: Reflex;
}): Lessons {
  // A ring: a Map that gains and loses an entry with every call would keep whole calls alive (see limits/owned.ts).
  const ring: (Lesson | undefined)[] = [];
  let next = 0;
  /** One at a time, so that two outcomes can't both take the last of a budget. */
  let turn: Promise<unknown> = Promise.resolve();

  function find(operation: string): Lesson | undefined {
    const lesson = ring.find((one) => one?.operation === operation);
    return lesson && lesson.at_ms + KEPT_MS > clock.now() ? lesson : undefined;
  }

  async function learn(operation: string, correction: Correction | undefined): Promise<Learnt> {
    const lesson = find(operation);
    if (!lesson) return { status: 'not_kept' };
    const model = `reflex/${lesson.reflex}`;
    // What it answered itself and was right in, it knows.
    if (lesson.isUsed || (lesson.isOwn && !correction)) return { status: 'already', model };
    const example = correction ? exampleOf(lesson.text, correction) : exampleFrom(lesson);
    if (!example) return { status: 'no_example', model };
    const name = `distilled/${lesson.project}/${lesson.alias}`;
    const day = new Date(clock.now()).toISOString().slice(0, 10);
    const spent = await store.settings.get<{ day: string; count: number }>(name);
    const count = spent?.day === day ? spent.count : 0;
    if (count >= lesson.examplesPerDay) return { status: 'over_budget', model, intent: example.intent };
    try {
      await reflex.addExamples(reflexRegistryName(lesson.project, lesson.reflex), [example]);
    } catch (error) {
      return { status: 'refused', model, intent: example.intent, detail: toAppError(error).message };
    }
    lesson.isUsed = true;
    await store.settings.put(name, { day, count: count + 1 });
    return { status: 'added', model, intent: example.intent };
  }

  return {
    keep(admitted, request, decision, sink, result) {
      const { cascade } = admitted.route;
      const { capture, project } = admitted.principal;
      if (cascade?.examplesPerDay === undefined || capture === 'none') return;
      ring[next] = {
        operation: admitted.operation,
        at_ms: admitted.at_ms,
        project: project.id,
        user: admitted.user,
        alias: admitted.route.name,
        reflex: cascade.reflex,
        examplesPerDay: cascade.examplesPerDay,
        text: textOfLesson(request),
        said: saidOf(admitted, sink, result),
        labelField: labelFieldOf(request),
        isOwn: decision === 'reflex',
        isUsed: false,
      };
      next = (next + 1) % MAX_LESSONS;
    },
    learn(operation, correction) {
      const mine = turn.then(() => learn(operation, correction));
      turn = mine.catch(() => undefined);
      return mine;
    },
    forgetUser(project, user) {
      let forgotten = 0;
      for (const [at, lesson] of ring.entries()) {
        if (lesson?.project !== project || lesson.user !== user) continue;
        ring[at] = undefined;
        forgotten++;
      }
      return forgotten;
    },
  };
}

/** What Reflex will be asked to tell: of a prompt that says what to do with a text, the text. */
function textOfLesson(request: ChatRequest): string {
  const text = lastText(request);
  return request.responseFormat?.type === 'json_schema' ? readPrompt(text).text : text;
}

function wholeReply(admitted: Admitted, sink: ReplySink, result: AttemptResult): string | undefined {
  if (!admitted.envelope.stream) return result.reply === undefined ? undefined : toText(result.reply);
  const recorded = sink instanceof RecordingSink ? sink.recorded() : undefined;
  return recorded === undefined ? undefined : recorded + toText(result.closing ?? '');
}

function toText(bytes: Uint8Array | string): string {
  return typeof bytes === 'string'
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

// ---------------------------------------------------------------- from an answer to an example

/** The only property with an enum of texts; '' where the schema is such an enum itself. */
function labelFieldOf(request: ChatRequest): string | undefined {
  const format = request.responseFormat;
  if (format?.type !== 'json_schema') return undefined;
  if (isLabels(format.schema)) return '';
  const { properties } = format.schema;
  const fields = Object.entries(isObject(properties) ? properties : {}).filter(([, schema]) => isLabels(schema));
  return fields.length === 1 ? fields[0]![0] : undefined;
}

function isLabels(schema: unknown): boolean {
  return (
    isObject(schema) &&
    Array.isArray(schema.enum) &&
    schema.enum.length > 1 &&
    schema.enum.every((one) => typeof one === 'string')
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

interface Said {
  text: string;
  calls: { name: string; arguments: string }[];
}

function exampleFrom(lesson: Lesson): Example | undefined {
  const { said } = lesson;
  if (!said) return undefined;
  const [call, ...others] = said.calls;
  // Several calls are several wishes: no one label is right for the text.
  if (others.length > 0) return undefined;
  if (call) return example(lesson.text, call.name, parsed(call.arguments));
  if (lesson.labelField === undefined) return undefined;
  const value = parsed(said.text);
  if (lesson.labelField === '') return typeof value === 'string' ? example(lesson.text, value, undefined) : undefined;
  if (!isObject(value)) return undefined;
  const { [lesson.labelField]: label, ...rest } = value;
  return typeof label === 'string' ? example(lesson.text, label, rest) : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function exampleOf(text: string, { intent, slots }: Correction): Example | undefined {
  return example(text, intent, Object.fromEntries((slots ?? []).map(({ name, value }) => [name, value])));
}

/** Values become slots where they stand in the text as they are, each place once. */
function example(text: string, intent: string, values: unknown): Example | undefined {
  if (text.trim() === '' || intent.trim() === '') return undefined;
  const slots: SlotSpan[] = [];
  for (const [name, value] of Object.entries(isObject(values) ? values : {})) {
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    const span = spanOf(text, String(value), slots);
    if (span) slots.push({ name, value: text.slice(span.start, span.end), ...span });
  }
  slots.sort((a, b) => a.start - b.start);
  return { text, intent, ...(slots.length > 0 && { slots }) };
}

function spanOf(text: string, value: string, taken: readonly SlotSpan[]): { start: number; end: number } | undefined {
  if (value.trim() === '') return undefined;
  const folded = text.toLowerCase();
  // Where lower case has another length, offsets would not be those of the text.
  const source = folded.length === text.length ? folded : text;
  const wanted = folded.length === text.length ? value.toLowerCase() : value;
  for (let start = source.indexOf(wanted); start >= 0; start = source.indexOf(wanted, start + 1)) {
    const end = start + wanted.length;
    if (taken.every((slot) => end <= slot.start || start >= slot.end) && standsFree(text, start, end))
      return { start, end };
  }
  return undefined;
}

/** Not inside a longer number or Latin word: 4 is not said in "42". */
function standsFree(text: string, start: number, end: number): boolean {
  const isJoined = (a: string | undefined, b: string | undefined): boolean =>
    a !== undefined && b !== undefined && /[\p{Script=Latin}\p{N}]/u.test(a) && /[\p{Script=Latin}\p{N}]/u.test(b);
  return !isJoined(text[start - 1], text[start]) && !isJoined(text[end - 1], text[end]);
}

/** The answer has left by now, so reading it holds up no call but the next. */
function saidOf(admitted: Admitted, sink: ReplySink, result: AttemptResult): Said | undefined {
  const { surface } = admitted.call;
  const reply = wholeReply(admitted, sink, result);
  if (surface === 'embeddings' || reply === undefined || reply.length > MAX_REPLY_CHARS) return undefined;
  try {
    const said = read(reply, surfaceApis[surface], admitted.envelope.stream);
    const size = said.calls.reduce((sum, call) => sum + call.name.length + call.arguments.length, said.text.length);
    return size > MAX_SAID_CHARS ? undefined : said;
  } catch {
    return undefined;
  }
}

function read(reply: string, api: Api, stream: boolean): Said {
  const target = { model: '', quirks: {} };
  if (!stream) return saidIn(api.parse(JSON.parse(reply) as JsonObject, target));
  const decoder = api.openStream(target);
  return saidBy([...decoder.push(Buffer.from(reply, 'utf8')), ...decoder.end()]);
}

function saidIn(reply: Reply): Said {
  const content = reply.choices[0]?.content ?? [];
  return {
    text: content.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    calls: content.flatMap((part) =>
      part.type === 'tool_call' ? [{ name: part.name, arguments: part.arguments }] : [],
    ),
  };
}

function saidBy(events: readonly StreamEvent[]): Said {
  const said: Said = { text: '', calls: [] };
  const byPart = new Map<number, Said['calls'][number]>();
  for (const event of events) {
    if (event.type === 'text') said.text += event.text;
    else if (event.type === 'tool_call') {
      const call = { name: event.name, arguments: '' };
      byPart.set(event.part, call);
      said.calls.push(call);
    } else if (event.type === 'tool_arguments') {
      const call = byPart.get(event.part);
      if (call) call.arguments += event.json;
    }
  }
  return said;
}
