/** What Ollama answers, whole or line by line. */
import { AppError } from '../../../base/errors.ts';
import { newId } from '../../../base/ids.ts';
import type { UsageReading, UsageVector } from '../../../contract/usage.ts';
import { PartCursor } from '../../part-cursor.ts';
import type { FinishReason, Json, JsonObject, Part, Reply, StreamDecoder, StreamEvent } from '../../protocol.ts';
import { asObject, asObjects, asString, parseObject } from '../gemini-generate/json.ts';
import { streamedOllamaError } from './errors.ts';

/** A line longer than this is refused, so that a stream without line breaks can't fill the memory. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const LF = 10;

/**
 * Counts stand in the last object only, and Go leaves out those that are zero: where it is done, absent means zero.
 * Undefined when that object has no figures at all (as after an unload).
 */
export function readUsage(body: JsonObject): UsageReading | undefined {
  if (body.done !== true) return undefined;
  const raw: JsonObject = {};
  for (const name of ['prompt_eval_count', 'eval_count', 'total_duration', 'prompt_eval_duration', 'eval_duration']) {
    if (body[name] !== undefined) raw[name] = body[name]!;
  }
  if (Object.keys(raw).length === 0) return undefined;
  const vector: UsageVector = {};
  for (const [name, field] of [
    ['prompt_eval_count', 'input'],
    ['eval_count', 'output'],
  ] as const) {
    const count = raw[name] ?? 0;
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
      return { vector: {}, raw, source: 'unreconciled', problem: `${name} is no whole number of tokens` };
    }
    vector[field] = count;
  }
  return { vector, raw, source: 'provider' };
}

function readFinish(body: JsonObject, calledTools: boolean): FinishReason {
  if (body.done_reason === 'length') return 'length';
  return calledTools ? 'tool_calls' : 'stop';
}

function readCall(call: JsonObject): Extract<Part, { type: 'tool_call' }> {
  const called = asObject(call.function) ?? {};
  const args = called.arguments;
  return {
    type: 'tool_call',
    id: asString(call.id) || newId('call'),
    name: asString(called.name) ?? '',
    arguments: typeof args === 'string' ? args : JSON.stringify(args ?? {}),
  };
}

/** In the shape of OpenAI's `logprobs`. */
function readLogprobs(body: JsonObject): Json | undefined {
  return Array.isArray(body.logprobs) && body.logprobs.length > 0
    ? { content: body.logprobs, refusal: null }
    : undefined;
}

/** A whole reply. Throws AppError where the body is an error or no answer. */
export function readReply(body: JsonObject): Reply {
  const error = asString(body.error);
  if (error !== undefined) throw streamedOllamaError(error);
  const message = asObject(body.message);
  if (!message) throw new AppError('upstream_error', 'Ollama answered without a message.');
  const content: Part[] = [];
  const thinking = asString(message.thinking);
  const text = asString(message.content);
  if (thinking) content.push({ type: 'reasoning', text: thinking });
  if (text) content.push({ type: 'text', text });
  const calls = asObjects(message.tool_calls).map(readCall);
  content.push(...calls);
  const usage = readUsage(body);
  const model = asString(body.model);
  const logprobs = readLogprobs(body);
  const choice = {
    index: 0,
    content,
    finish: readFinish(body, calls.length > 0),
    ...(logprobs === undefined ? {} : { logprobs }),
  };
  return { ...(model === undefined ? {} : { model }), choices: [choice], ...(usage ? { usage } : {}) };
}

/** One JSON object a line; the one with `done: true` is the last. */
export class OllamaStreamDecoder implements StreamDecoder {
  readonly #cursor = new PartCursor();
  #rest: Buffer[] = [];
  #restBytes = 0;
  #started = false;
  #calledTools = false;
  #over = false;

  push(chunk: Uint8Array): StreamEvent[] {
    const events: StreamEvent[] = [];
    let bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let end = bytes.indexOf(LF); end >= 0 && !this.#over; end = bytes.indexOf(LF)) {
      this.#keep(bytes.subarray(0, end), events);
      this.#readLine(events);
      bytes = bytes.subarray(end + 1);
    }
    if (!this.#over && bytes.length > 0) this.#keep(bytes, events);
    return events;
  }

  end(): StreamEvent[] {
    const events: StreamEvent[] = [];
    if (!this.#over) this.#readLine(events);
    if (!this.#over)
      this.#fail(new AppError('upstream_error', "Ollama's stream ended before the model had finished."), events);
    return events;
  }

  #keep(bytes: Buffer, events: StreamEvent[]): void {
    this.#restBytes += bytes.length;
    if (this.#restBytes > MAX_LINE_BYTES) {
      this.#rest = [];
      this.#fail(new AppError('upstream_error', "A line of Ollama's stream is too long to be read."), events);
    } else this.#rest.push(bytes);
  }

  #readLine(events: StreamEvent[]): void {
    const line = Buffer.concat(this.#rest).toString('utf8').trim();
    this.#rest = [];
    this.#restBytes = 0;
    if (line === '' || this.#over) return;
    const body = parseObject(line);
    if (!body) {
      this.#fail(new AppError('upstream_error', "A line of Ollama's stream is not valid JSON."), events);
      return;
    }
    const error = asString(body.error);
    if (error !== undefined) this.#fail(streamedOllamaError(error), events);
    else this.#readBody(body, events);
  }

  #readBody(body: JsonObject, events: StreamEvent[]): void {
    if (!this.#started) {
      this.#started = true;
      const model = asString(body.model);
      events.push({ type: 'start', ...(model === undefined ? {} : { model }) });
    }
    const message = asObject(body.message);
    if (message) this.#readMessage(message, readLogprobs(body), events);
    if (body.done !== true) return;
    events.push({ type: 'finish', choice: 0, reason: readFinish(body, this.#calledTools) });
    const usage = readUsage(body);
    if (usage) events.push({ type: 'usage', usage });
    events.push({ type: 'end' });
    this.#over = true;
  }

  #readMessage(message: JsonObject, logprobs: Json | undefined, events: StreamEvent[]): void {
    const thinking = asString(message.thinking);
    if (thinking) events.push({ type: 'reasoning', choice: 0, part: this.#cursor.at('reasoning'), text: thinking });
    const text = asString(message.content);
    if (text) {
      const part = this.#cursor.at('text');
      events.push({ type: 'text', choice: 0, part, text, ...(logprobs === undefined ? {} : { logprobs }) });
    }
    for (const call of asObjects(message.tool_calls).map(readCall)) {
      this.#calledTools = true;
      const part = this.#cursor.whole();
      events.push({ type: 'tool_call', choice: 0, part, id: call.id, name: call.name });
      events.push({ type: 'tool_arguments', choice: 0, part, json: call.arguments });
    }
  }

  #fail(error: AppError, events: StreamEvent[]): void {
    if (this.#over) return;
    this.#over = true;
    events.push({ type: 'error', error });
  }
}
