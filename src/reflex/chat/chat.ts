/** Reflex as a chat model: tool calls, JSON by schema, and plain text that says honestly what it is. */
import { AppError } from '../../base/errors.ts';
import { readText } from '../reading/index.ts';
import { type BuildContext, build, type Missing, ROOT } from '../schema/instance.ts';
import { fillFromText } from '../schema/respond.ts';
import { isObject, SchemaTooHard, scopeOf } from '../schema/validate.ts';
import { learnSlots } from '../slots/slots.ts';
import { addTerms, type Terms } from '../text/terms.ts';
import { hasHan, languageOf } from '../text/text.ts';
import { countInput, countTokens, firstTokens, inputChars } from '../text/tokens.ts';
import { fill } from '../tools/fill.ts';
import { know } from '../tools/judge.ts';
import { spread } from '../tools/spread.ts';
import { readUtterance } from '../tools/utterance.ts';
import {
  type Example,
  type Json,
  type JsonObject,
  LIMITS,
  OUT_OF_SCOPE,
  type Prediction,
  type PredictionPart,
  type ReflexReply,
  type ReflexRequest,
  type ReflexTool,
  type ReflexToolCall,
  type Schema,
  type SlotSpan,
} from '../types.ts';
import { splitUtterance } from '../understanding/split.ts';
import {
  type Choice,
  chooseTool,
  indexTools,
  rankTools,
  readObject,
  readShots,
  type Shot,
  type ToolIndex,
} from './choose-tool.ts';
import { ask, type Language, noTool, notice, report, understood } from './notice.ts';
import { type MadeCall, trustInCalls, trustInJson } from './trust.ts';

/** What the chat face needs of a trained model. */
export interface ChatModel {
  predict(text: string): Prediction;
  /** The commands of a text that has several; undefined where it is one. */
  parts?(text: string): PredictionPart[] | undefined;
  /** The reply of the example of this intent that is most like the text, where any example has one. */
  replyFor(intent: string, text: string): string | undefined;
}

export interface ChatOptions {
  now_ms: number;
  model?: ChatModel;
  /** Large models that can be asked instead; named in what Reflex says of itself. */
  otherModels?: readonly string[];
}

/** Everything one call works with. */
interface Call {
  request: ReflexRequest;
  options: ChatOptions;
  language: Language;
  /** The last user message. */
  text: string;
  /** With the user messages before it that Reflex answered with a question. */
  thread: string;
  shots: Shot[];
}

type Draft = Omit<ReflexReply, 'usage'>;

const MAX_SCHEMA_DEPTH = 64;

/**
 * One reply. Deterministic; takes milliseconds; text over 4,000 characters is read only that far.
 * With `tools`: calls, or a question naming what is missing (never a guess), or text. `toolChoice` `required` or a name forces a call,
 * whose arguments then always validate: what the text does not say gets the schema's default or an empty value.
 * Throws AppError: `context_too_long` past 200,000 characters; `invalid_request` for a schema that no value fits or that can't be read.
 */
export function completeChat(request: ReflexRequest, options: ChatOptions): ReflexReply {
  checkRequest(request);
  const call = openCall(request, options);
  const draft = limit(answer(call), request.maxOutputTokens);
  return { ...draft, usage: { input: countInput(request), output: countOutput(draft) } };
}

function checkRequest(request: ReflexRequest): void {
  const tools = request.tools ?? [];
  if (tools.length > LIMITS.tools)
    throw new AppError('invalid_request', `tools may hold ${LIMITS.tools} tools at most.`, { param: 'tools' });
  tools.forEach((tool, index) => {
    if (tooDeep(tool.parameters))
      throw new AppError(
        'invalid_request',
        `tools[${index}] has parameters nested more than ${MAX_SCHEMA_DEPTH} deep; flatten them.`,
        { param: `tools[${index}]` },
      );
  });
  const format = request.responseFormat;
  if (format?.type === 'json_schema' && tooDeep(format.schema)) {
    throw new AppError(
      'invalid_request',
      `The schema of response_format is nested more than ${MAX_SCHEMA_DEPTH} deep; flatten it.`,
      { param: 'response_format' },
    );
  }
  if (inputChars(request) > LIMITS.inputChars) {
    throw new AppError(
      'context_too_long',
      `Reflex reads ${LIMITS.inputChars} characters at most in one request, tools and schema included; shorten it or ask another model.`,
      { param: 'messages' },
    );
  }
}

/** Without recursion, since a caller's document may be nested as deep as it likes. */
function tooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_SCHEMA_DEPTH) return true;
    level = level.flatMap((one) => (one !== null && typeof one === 'object' ? Object.values(one) : []));
  }
  return false;
}

function openCall(request: ReflexRequest, options: ChatOptions): Call {
  const { messages } = request;
  const last = messages.findLastIndex((message) => message.role === 'user');
  const text = messages[last]?.text ?? '';
  // Answers to our own questions belong to what was asked for first.
  const thread = [text];
  for (let index = last - 1; index > 0; index -= 2) {
    const question = messages[index]!;
    const before = messages[index - 1]!;
    if (
      question.role !== 'assistant' ||
      question.toolCalls?.length ||
      !/[?？]\s*$/.test(question.text) ||
      before.role !== 'user'
    )
      break;
    thread.unshift(before.text);
  }
  return {
    request,
    options,
    text,
    thread: thread.join('\n'),
    shots: readShots(messages.slice(0, last + 1)),
    language: languageOf(text || (messages.at(-1)?.text ?? '')),
  };
}

function answer(call: Call): Draft {
  const { request } = call;
  const afterTool = request.messages.at(-1)?.role === 'tool';
  if (!afterTool) {
    const calls = answerWithTools(call);
    if (calls) return calls;
  }
  const format = request.responseFormat?.type;
  if (format === 'json_schema' || format === 'json_object') return answerWithJson(call);
  if (afterTool) return { text: report(call.language, lastResults(request)), finish: 'stop', confidence: 1 };
  return answerWithText(call);
}

function lastResults(request: ReflexRequest) {
  const from = request.messages.findLastIndex((message) => message.role !== 'tool') + 1;
  const caller = request.messages[from - 1];
  return request.messages.slice(from).map((message, index) => ({
    tool: message.toolName ?? caller?.toolCalls?.[index]?.name,
    text: message.text,
    isError: message.isError,
  }));
}

// ---------------------------------------------------------------- tools

function answerWithTools(call: Call): Draft | undefined {
  const { request } = call;
  const choice = request.toolChoice ?? 'auto';
  const tools =
    typeof choice === 'object'
      ? (request.tools ?? []).filter((tool) => tool.name === choice.name)
      : (request.tools ?? []);
  if (choice === 'none' || tools.length === 0) {
    if (typeof choice === 'object')
      throw new AppError('invalid_request', `tool_choice names "${choice.name}", which is none of the tools.`, {
        param: 'tool_choice',
      });
    return undefined;
  }
  const index = indexTools(tools, call.shots, call.options.now_ms, request.timeZone);
  const prediction = call.options.model?.predict(call.text.slice(0, LIMITS.featureChars));
  const boost = boostOf(prediction);
  if (choice !== 'auto') return forcedCall(call, index, boost, prediction);
  const several = request.parallelToolCalls === false ? undefined : severalCalls(call, index);
  if (several) return several;
  const alone = chooseTool(call.text, index, boost);
  const chosen = alone && call.thread === call.text ? alone : (chooseTool(call.thread, index, boost) ?? alone);
  if (!chosen) return undefined;
  return callOrAsk(call, chosen, prediction);
}

function callOrAsk(call: Call, chosen: Choice, prediction: Prediction | undefined): Draft {
  const filled = fillArguments(call, chosen, call.thread, 'ask', prediction?.slots ?? []);
  if (filled.value) {
    const all = call.request.parallelToolCalls === false ? [filled.value] : (filled.all ?? [filled.value]);
    return {
      toolCalls: all.map((value) => toCall(chosen.tool, value)),
      finish: 'tool_calls',
      confidence: chosen.confidence,
      trust: trustInCalls([{ tool: chosen.tool, values: all, prediction }]),
    };
  }
  return { text: ask(call.language, chosen.tool.name, filled.missing), finish: 'stop', confidence: chosen.confidence };
}

function forcedCall(
  call: Call,
  index: ToolIndex,
  boost: (name: string) => number,
  prediction: Prediction | undefined,
): Draft {
  const chosen = rankTools(call.thread, index, boost)[0]!;
  const asked = fillArguments(call, chosen, call.thread, 'ask', prediction?.slots ?? []);
  const filled = asked.value ? asked : fillArguments(call, chosen, call.thread, 'fill', prediction?.slots ?? []);
  if (!filled.value) {
    throw new AppError(
      'invalid_request',
      `Reflex found no arguments that fit the parameters of tool "${chosen.tool.name}"; check that its schema can be satisfied.`,
      { param: 'tools' },
    );
  }
  return {
    toolCalls: [toCall(chosen.tool, filled.value)],
    finish: 'tool_calls',
    confidence: asked.value ? chosen.confidence : chosen.confidence / 2,
    trust: asked.value ? trustInCalls([{ tool: chosen.tool, values: [asked.value], prediction }]) : undefined,
  };
}

/** Log odds of a clause, moved as `Choice.score` is, from which it is a command of its own. */
const CLAUSE_SCORE = 1.7;
const HAN_CLAUSE_SCORE = 1.7;

/** Several calls where every clause of the text means a tool and fills it; otherwise undefined and the text is taken as one. */
function severalCalls(call: Call, index: ToolIndex): Draft | undefined {
  if (call.thread !== call.text) return undefined;
  const known = call.options.model?.parts?.(call.text);
  return (known && callsOf(call, index, known)) ?? callsOf(call, index, splitUtterance(call.text));
}

function callsOf(call: Call, index: ToolIndex, clauses: readonly { text: string }[]): Draft | undefined {
  if (clauses.length < 2) return undefined;
  const made: { tool: ReflexTool; value: JsonObject }[] = [];
  const meant: MadeCall[] = [];
  let confidence = 1;
  for (const { text } of clauses) {
    const prediction = call.options.model?.predict(text);
    const chosen = chooseTool(text, index, boostOf(prediction));
    if (!chosen || chosen.score < (hasHan(text) ? HAN_CLAUSE_SCORE : CLAUSE_SCORE)) return undefined;
    const filled = fillArguments(call, chosen, text, 'ask', prediction?.slots ?? []);
    if (!filled.value) return undefined;
    confidence = Math.min(confidence, chosen.confidence);
    addCall(made, chosen.tool, filled.value);
    meant.push({ tool: chosen.tool, values: [filled.value], prediction });
  }
  if (made.length < 2) return undefined;
  return {
    toolCalls: made.map(({ tool, value }) => toCall(tool, value)),
    finish: 'tool_calls',
    confidence,
    trust: trustInCalls(meant),
  };
}

/** Two clauses that give one tool different arguments are one call: "turn it on and set it to 24 degrees". */
function addCall(made: { tool: ReflexTool; value: JsonObject }[], tool: ReflexTool, value: JsonObject): void {
  const last = made.at(-1);
  const same = last?.tool === tool ? last : undefined;
  const clash =
    same &&
    Object.keys(value).some(
      (key) => Object.hasOwn(same.value, key) && JSON.stringify(same.value[key]) !== JSON.stringify(value[key]),
    );
  if (same && !clash) same.value = { ...same.value, ...value };
  else made.push({ tool, value });
}

function boostOf(prediction: Prediction | undefined): (name: string) => number {
  return (name) => (prediction?.intent === name ? 6 * prediction.confidence : 0);
}

function toCall(tool: ReflexTool, value: JsonObject): ReflexToolCall {
  return { name: tool.name, arguments: JSON.stringify(value) };
}

function fillArguments(
  call: Call,
  chosen: Choice,
  text: string,
  mode: 'ask' | 'fill',
  slots: readonly SlotSpan[],
): { value?: JsonObject; all?: JsonObject[]; missing: Missing[] } {
  const schema: Schema = { ...(chosen.tool.parameters ?? {}), type: 'object' };
  const about: Terms = new Map();
  addTerms(about, chosen.tool.name, 1);
  addTerms(about, (chosen.tool.description ?? '').slice(0, 300), 1);
  const learnt = learnFromShots(chosen.tool.name, call.shots, text, call.options.now_ms);
  const plan = mode === 'ask' ? know(chosen.tool).plan : undefined;
  if (plan) {
    const utterance = readUtterance(text, call.options.now_ms, call.request.timeZone);
    const filled = fill(plan, utterance, {
      slots: [...slots.filter((slot) => text.startsWith(slot.value, slot.start)), ...learnt],
      hint: hintOf(chosen),
    });
    return {
      value: filled.value,
      all: spread(filled, utterance),
      missing: filled.missing.map((one) => ({
        path: one.path.join('.'),
        description: one.description,
        options: one.options && [...one.options],
      })),
    };
  }
  const context: BuildContext = {
    scope: scopeOf(schema),
    reading: readText(text, {
      now_ms: call.options.now_ms,
      timeZone: call.request.timeZone,
      about,
      slots: [...slots.filter((slot) => text.startsWith(slot.value, slot.start)), ...learnt],
    }),
    mode,
    notice: notice(call.language, call.options.otherModels),
    hint: hintOf(chosen),
    missing: [],
  };
  const built = guarded(() => build(schema, ROOT, context), `tools (${chosen.tool.name})`);
  if (built && isObject(built.value)) return { value: built.value, missing: [] };
  const missing = context.missing.filter(
    (one, index) => one.path !== '' && context.missing.findIndex((other) => other.path === one.path) === index,
  );
  const required = Array.isArray(schema.required)
    ? schema.required.map((name) => ({ path: String(name), description: '' }))
    : [];
  return { missing: missing.length > 0 ? missing : required };
}

/** What is learnt from earlier calls is learnt again with every request, so from the latest alone: 40 take 2 ms, 200 took 27. */
const MOST_LEARNT = 40;

/** Spans that earlier calls of the same tool show how to read. `shots` are newest first. */
function learnFromShots(tool: string, shots: readonly Shot[], text: string, now_ms: number): SlotSpan[] {
  const examples: Example[] = [];
  for (const shot of shots) {
    if (examples.length >= MOST_LEARNT) break;
    shot.calls.forEach((one, index) => {
      if (one.name !== tool) return;
      const slots: SlotSpan[] = [];
      for (const [name, value] of Object.entries(shot.values[index]!)) {
        const start = typeof value === 'string' && value !== '' ? shot.text.indexOf(value) : -1;
        if (start >= 0) slots.push({ name, value: String(value), start, end: start + String(value).length });
      }
      examples.push({ text: shot.text, intent: tool, slots });
    });
  }
  return examples.length === 0 ? [] : learnSlots(examples).read(text, tool, now_ms);
}

/** What the most similar example passed without its text saying so: `{"on": true}` for "lights please". */
function hintOf(chosen: Choice): ((path: string) => Json | undefined) | undefined {
  const { shot } = chosen;
  if (!shot || shot.similarity < 0.6) return undefined;
  const values = shot.shot.values[shot.call]!;
  const text = shot.shot.text.toLowerCase();
  return (path) => {
    const value = valueAt(values, path);
    const literal =
      typeof value === 'string' || typeof value === 'number' ? text.includes(String(value).toLowerCase()) : false;
    return literal ? undefined : value;
  };
}

function valueAt(value: Json | undefined, path: string): Json | undefined {
  if (path === '') return undefined;
  let node = value;
  for (const part of path.split('.')) {
    if (Array.isArray(node)) node = node[Number(part)];
    else if (isObject(node) && Object.hasOwn(node, part)) node = node[part];
    else return undefined;
  }
  return node;
}

function guarded<T>(work: () => T, where: string): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SchemaTooHard || error instanceof RangeError) {
      throw new AppError(
        'invalid_request',
        `The schema in ${where} takes too long to satisfy; make it smaller or less nested.`,
        { param: where.split(' ')[0] },
      );
    }
    throw error;
  }
}

// ---------------------------------------------------------------- JSON

function answerWithJson(call: Call): Draft {
  const { request } = call;
  const results = request.messages.at(-1)?.role === 'tool' ? lastResults(request).map((result) => result.text) : [];
  const text = [call.thread, ...results].join('\n');
  const format = request.responseFormat!;
  const template = format.type === 'json_object' ? templateOf(request) : undefined;
  if (format.type === 'json_object' && template === undefined) {
    return {
      json: JSON.stringify({
        text: call.text.slice(0, LIMITS.featureChars),
        notice: notice(call.language, call.options.otherModels),
      }),
      finish: 'stop',
      confidence: 0,
    };
  }
  const schema = format.type === 'json_schema' ? format.schema : template!;
  const shots = call.shots.filter((shot) => shot.calls.length === 0 && shot.reply.trimStart().startsWith('{'));
  const system = request.messages.filter((message) => message.role === 'system').map((message) => message.text);
  const built = guarded(
    () =>
      fillFromText(schema, {
        text,
        instructions: system.join('\n'),
        now_ms: call.options.now_ms,
        timeZone: request.timeZone,
        notice: notice(call.language, call.options.otherModels),
        shots: shots.map((shot) => ({ text: shot.text, value: readObject(shot.reply) })),
        model: call.options.model,
      }),
    'response_format',
  );
  if (!built) {
    throw new AppError(
      'invalid_request',
      'Reflex found no value that fits the schema of response_format: check that it can be satisfied, that every $ref points inside it, and that its patterns use no look-around, back reference or \\b.',
      { param: 'response_format' },
    );
  }
  return {
    json: JSON.stringify(built.value),
    finish: 'stop',
    confidence: built.confidence,
    trust: trustInJson(built.value, built.prediction),
  };
}

/** The JSON object that a prompt shows as the form of the answer, as a schema; undefined where it shows none. */
function templateOf(request: ReflexRequest): JsonObject | undefined {
  for (const message of [...request.messages].reverse()) {
    if (message.role !== 'user' && message.role !== 'system') continue;
    const start = message.text.indexOf('{');
    const end = message.text.lastIndexOf('}');
    if (start < 0 || end <= start || end - start > 20_000) continue;
    const value = readObject(message.text.slice(start, end + 1));
    if (Object.keys(value).length > 0 && !tooDeep(value)) return schemaOf(value) as JsonObject;
  }
  return undefined;
}

function schemaOf(value: Json): Schema {
  if (Array.isArray(value)) return value.length > 0 ? { type: 'array', items: schemaOf(value[0]!) } : { type: 'array' };
  if (isObject(value)) {
    return {
      type: 'object',
      properties: Object.fromEntries(Object.entries(value).map(([key, part]) => [key, schemaOf(part)])),
      required: Object.keys(value),
    };
  }
  if (value === null) return { type: ['string', 'null'] };
  if (typeof value !== 'string') return { type: typeof value };
  const options = value.split('|').map((option) => option.trim());
  return options.length > 1 && options.every((option) => option !== '' && option.length < 40)
    ? { type: 'string', enum: options }
    : { type: 'string', description: value };
}

// ---------------------------------------------------------------- text

function answerWithText(call: Call): Draft {
  const { request, options, language } = call;
  const prediction =
    call.text.trim() === '' ? undefined : options.model?.predict(call.text.slice(0, LIMITS.featureChars));
  if (prediction && prediction.intent !== OUT_OF_SCOPE) {
    const reply = options.model!.replyFor(prediction.intent, call.text);
    return {
      text: reply ?? understood(language, prediction.intent, prediction.confidence, prediction.slots),
      finish: 'stop',
      confidence: prediction.confidence,
      trust: reply === undefined ? undefined : prediction.confidence,
    };
  }
  const tools = request.toolChoice === 'none' ? [] : (request.tools ?? []);
  const about = notice(language, options.otherModels);
  return {
    text:
      tools.length > 0
        ? `${noTool(
            language,
            tools.map((tool) => tool.name),
          )} ${about}`
        : about,
    finish: 'stop',
    confidence: 0,
  };
}

// ---------------------------------------------------------------- limits and counting

function countOutput(draft: Draft): number {
  const calls =
    draft.toolCalls?.reduce((sum, call) => sum + countTokens(call.name) + countTokens(call.arguments), 0) ?? 0;
  return calls + countTokens(draft.text ?? '') + countTokens(draft.json ?? '');
}

/** Text and JSON are cut at the limit; a call that does not fit whole is left out, as half a call helps nobody. */
function limit(draft: Draft, max: number | undefined): Draft {
  if (max === undefined || countOutput(draft) <= max) return draft;
  if (draft.toolCalls) return { text: '', finish: 'length', confidence: draft.confidence };
  const key = draft.json === undefined ? 'text' : 'json';
  return { ...draft, [key]: firstTokens(draft[key] ?? '', max).text, finish: 'length' };
}
