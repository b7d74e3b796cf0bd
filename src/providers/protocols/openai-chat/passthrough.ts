/** The way of bytes where client and provider both speak chat completions: only what has to change is changed, only what bears usage is read. */
import type { AppError } from '../../../base/errors.ts';
import { type SseFrame, SseParser } from '../../../base/sse.ts';
import { utf8Bytes } from '../../../base/text.ts';
import type { UsageReading } from '../../../contract/usage.ts';
import type {
  ApiTarget,
  Json,
  JsonObject,
  Passthrough,
  PassthroughChanges,
  Quirks,
  ReplyFacts,
  StreamScanner,
} from '../../protocol.ts';
import { spliceTopLevel } from '../json-body.ts';
import { CHAT_PATH } from './build.ts';
import { brokenOff } from './decode-stream.ts';
import { malformedReply, parseStreamedError } from './errors.ts';
import { isObject } from './fields.ts';
import { withoutForeignFields } from './foreign-fields.ts';
import { argumentsText, contentParts, stringOf, usageOf } from './parse-reply.ts';
import { DONE_FRAME } from './render.ts';
import { FrameRun, TextTail } from './scan-tools.ts';
import { readChatUsage } from './usage.ts';

export const chatPassthrough: Passthrough = {
  path: () => CHAT_PATH,
  rewrite,
  leftOut: (bytes, body, target) => withoutForeignFields(bytes, body, target)?.leftOut ?? [],
  facts,
  openScanner: (target, options) => new ChatStreamScanner(target, options.showUsage),
  cut,
};

function rewrite(bytes: Uint8Array, body: JsonObject, changes: PassthroughChanges, target: ApiTarget): Uint8Array {
  const edits: Record<string, Json | undefined> = {};
  let edited = false;
  const set = (key: string, value: Json | undefined): void => {
    edits[key] = value;
    edited = true;
  };
  const cleaned = withoutForeignFields(bytes, body, target);
  if (cleaned) set('messages', cleaned.messages);
  if (body.model !== changes.model) set('model', changes.model);
  if (changes.askUsage && body.stream === true && target.quirks.streamOptions !== false) {
    const options = isObject(body.stream_options) ? body.stream_options : {};
    if (options.include_usage !== true) set('stream_options', { ...options, include_usage: true });
  }
  if (changes.maxOutputTokens !== undefined) {
    const field = limitField(body, target.quirks);
    set(field, changes.maxOutputTokens);
    const other = field === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
    if (body[other] !== undefined) set(other, undefined);
  }
  return edited ? spliceTopLevel(bytes, edits) : bytes;
}

/** The limit goes where the caller put one, since the caller knows the model; else where the provider wants it. */
function limitField(body: JsonObject, quirks: Quirks): 'max_tokens' | 'max_completion_tokens' {
  if (typeof body.max_completion_tokens === 'number') return 'max_completion_tokens';
  if (typeof body.max_tokens === 'number') return 'max_tokens';
  return quirks.limitField ?? 'max_completion_tokens';
}

function facts(reply: JsonObject, target: ApiTarget): ReplyFacts {
  const out: ReplyFacts = { text: () => replyText(reply) };
  const usage = readChatUsage(usageOf(reply), target.quirks);
  if (usage) out.usage = usage;
  const tier = stringOf(reply.service_tier);
  if (tier !== undefined) out.servedTier = tier;
  const model = stringOf(reply.model);
  if (model !== undefined) out.model = model;
  return out;
}

function replyText(reply: JsonObject): string {
  if (!Array.isArray(reply.choices)) return '';
  let text = '';
  for (const choice of reply.choices) {
    if (isObject(choice) && isObject(choice.message)) eachText(choice.message, (piece) => (text += piece));
  }
  return text;
}

/** Every piece of text in a message or a delta that the model wrote. */
function eachText(message: JsonObject, take: (piece: string) => void): void {
  const { content } = message;
  if (typeof content === 'string') {
    if (content !== '') take(content);
  } else if (Array.isArray(content)) {
    for (const part of contentParts(content)) if (part.type === 'text' || part.type === 'reasoning') take(part.text);
  }
  const reasoning = stringOf(message.reasoning_content) ?? stringOf(message.reasoning);
  if (reasoning !== undefined) take(reasoning);
  const refusal = stringOf(message.refusal);
  if (refusal !== undefined) take(refusal);
  if (Array.isArray(message.tool_calls)) {
    for (const call of message.tool_calls) if (isObject(call)) callText(call, take);
  }
  if (isObject(message.function_call)) callText({ function: message.function_call }, take);
  if (isObject(message.audio)) {
    const transcript = stringOf(message.audio.transcript);
    if (transcript !== undefined) take(transcript);
  }
}

function callText(call: JsonObject, take: (piece: string) => void): void {
  const fn = isObject(call.function) ? call.function : isObject(call.custom) ? call.custom : undefined;
  if (!fn) return;
  const name = stringOf(fn.name);
  if (name !== undefined) take(name);
  const json = argumentsText(fn.arguments ?? fn.input);
  if (json !== '') take(json);
}

export class ChatStreamScanner implements StreamScanner {
  readonly #quirks: Quirks;
  readonly #showUsage: boolean;
  readonly #parser = new SseParser();
  readonly #text = new TextTail();
  readonly #withheld: Uint8Array[] = [];
  readonly #seen = new Set<number>();
  readonly #stopped = new Set<number>();
  #doneSeen = false;
  usage: UsageReading | undefined;
  servedTier: string | undefined;
  complete = false;
  error: AppError | undefined;
  outputBound = 0;
  /** Of the first chunk, for frames that are made here. */
  #head: JsonObject | undefined;

  constructor(target: ApiTarget, showUsage: boolean) {
    this.#quirks = target.quirks;
    this.#showUsage = showUsage;
  }

  get stopSeen(): boolean {
    return this.#stopped.size > 0 && this.#stopped.size === this.#seen.size;
  }

  text(): string {
    return this.#text.value();
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.error) return undefined;
    let frames: SseFrame[];
    try {
      frames = this.#parser.push(chunk);
    } catch (error) {
      this.error = malformedReply(error instanceof RangeError ? error.message : 'a frame is broken');
      return undefined;
    }
    return this.#scan(frames);
  }

  end(): void {
    if (this.complete || this.error) return;
    const rest = this.#parser.end();
    if (rest) {
      const bytes = this.#scan([rest]);
      if (bytes) this.#withheld.push(bytes);
      // The client still needs the blank line that the provider left out.
      this.#withheld.push(Buffer.from('\n\n'));
    }
    if (this.complete || this.error) return;
    // Some providers close the stream after the finish reason without `[DONE]`.
    if (this.stopSeen) this.complete = true;
    else this.error = brokenOff();
  }

  finish(): Uint8Array | string {
    if (this.#withheld.length === 0) return DONE_FRAME;
    const last = Buffer.concat(this.#withheld);
    return this.#doneSeen ? last : Buffer.concat([last, Buffer.from(DONE_FRAME)]);
  }

  /** A chunk in the look of this stream that ends its open choices for length. */
  lengthChunk(): JsonObject {
    const open = [...this.#seen].filter((index) => !this.#stopped.has(index));
    const indexes = open.length === 0 && this.#stopped.size === 0 ? [0] : open;
    return {
      id: 'chatcmpl-cut',
      object: 'chat.completion.chunk',
      created: 0,
      model: '',
      ...this.#head,
      choices: indexes.map((index) => ({ index, delta: {}, logprobs: null, finish_reason: 'length' })),
    };
  }

  #scan(frames: SseFrame[]): Uint8Array | undefined {
    const run = new FrameRun();
    for (const frame of frames) {
      if (this.error) break;
      if (this.complete || isDone(frame.data)) {
        this.complete = true;
        this.#doneSeen = true;
        this.#withheld.push(frame.bytes);
        continue;
      }
      this.#frame(frame, run);
    }
    return run.bytes();
  }

  #frame(frame: SseFrame, run: FrameRun): void {
    // A comment that keeps the connection open.
    if (frame.data === '') {
      run.keep(frame.bytes);
      return;
    }
    let body: unknown;
    try {
      body = JSON.parse(frame.data);
    } catch {
      this.error = malformedReply('a stream frame is no JSON');
      return;
    }
    if (!isObject(body)) this.error = malformedReply('a stream frame is no object');
    // An upstream's own words may hold secrets; the gateway sends the surface's error event in its place.
    else if (body.error !== undefined && body.error !== null) this.error = parseStreamedError(body.error);
    else {
      this.#read(body);
      this.#forward(frame, body, run);
    }
  }

  #read(body: JsonObject): void {
    if (!this.#head) {
      const { id, created, model } = body;
      this.#head = { id: id ?? 'chatcmpl-cut', created: created ?? 0, model: model ?? '' };
    }
    if (typeof body.service_tier === 'string') this.servedTier = body.service_tier;
    const raw = usageOf(body);
    if (raw !== undefined && raw !== null) this.usage = readChatUsage(raw, this.#quirks) ?? this.usage;
    if (!Array.isArray(body.choices) || body.choices.length === 0) return;
    this.outputBound += 1;
    for (const choice of body.choices) if (isObject(choice)) this.#readChoice(choice);
  }

  #readChoice(choice: JsonObject): void {
    const index = typeof choice.index === 'number' ? choice.index : 0;
    this.#seen.add(index);
    if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '') this.#stopped.add(index);
    if (!isObject(choice.delta)) return;
    eachText(choice.delta, (piece) => {
      this.outputBound += utf8Bytes(piece);
      this.#text.add(piece);
    });
    // Sound is no text, but is output all the same.
    if (isObject(choice.delta.audio) && typeof choice.delta.audio.data === 'string') {
      this.outputBound += choice.delta.audio.data.length;
    }
  }

  #forward(frame: SseFrame, body: JsonObject, run: FrameRun): void {
    if (this.#showUsage || !bearsUsage(body)) {
      run.keep(frame.bytes);
      return;
    }
    const usageOnly = isObject(body.usage) && (!Array.isArray(body.choices) || body.choices.length === 0);
    if (usageOnly) return;
    if (body.usage === null && cutNull(frame.bytes, run)) return;
    run.replace(withoutUsage(frame, body));
  }
}

const USAGE_KEY = Buffer.from('"usage"');
const USAGE_NULL = Buffer.from('"usage":null');
const COMMA = 0x2c;

/**
 * The form that nearly every chunk has where usage was asked for: one `"usage":null` after or before a comma. In JSON these bytes can't be
 * inside a string, whose quotes are escaped; being the only such key they are the top-level one that was read.
 */
function cutNull(bytes: Buffer, run: FrameRun): boolean {
  const at = bytes.indexOf(USAGE_NULL);
  if (at < 1 || bytes.indexOf(USAGE_KEY) !== at || bytes.indexOf(USAGE_KEY, at + 1) >= 0) return false;
  const end = at + USAGE_NULL.length;
  if (bytes[at - 1] === COMMA) {
    run.keep(bytes.subarray(0, at - 1));
    run.keep(bytes.subarray(end));
    return true;
  }
  if (bytes[end] !== COMMA) return false;
  // Only a bare key follows an opening brace; anything else before it is left to the careful way.
  if (bytes[at - 1] !== 0x7b) return false;
  run.keep(bytes.subarray(0, at));
  run.keep(bytes.subarray(end + 1));
  return true;
}

function isDone(data: string): boolean {
  return data === '[DONE]' || (data.length < 16 && data.trim() === '[DONE]');
}

function bearsUsage(body: JsonObject): boolean {
  if (body.usage !== undefined) return true;
  return Array.isArray(body.choices) && body.choices.some((choice) => isObject(choice) && choice.usage !== undefined);
}

function withoutUsage(frame: SseFrame, body: JsonObject): Uint8Array {
  const nested = Array.isArray(body.choices) && body.choices.some((choice) => isObject(choice) && 'usage' in choice);
  const start = frame.bytes.indexOf('{');
  // The rare forms, JSON over several data lines or usage inside a choice, are written anew.
  if (nested || frame.data.includes('\n') || frame.bytes.subarray(0, start).toString() !== 'data: ') {
    const { usage: _, ...rest } = body;
    const choices = (rest.choices as Json[] | undefined)?.map(choiceWithoutUsage);
    return Buffer.from(`data: ${JSON.stringify(choices ? { ...rest, choices } : rest)}\n\n`);
  }
  return spliceTopLevel(frame.bytes, { usage: undefined }, start);
}

function choiceWithoutUsage(choice: Json): Json {
  if (!isObject(choice)) return choice;
  const { usage: _, ...rest } = choice;
  return rest;
}

function cut(scanner: StreamScanner): string {
  const chunk = scanner instanceof ChatStreamScanner ? scanner.lengthChunk() : undefined;
  if (!chunk || (chunk.choices as Json[]).length === 0) return DONE_FRAME;
  return `data: ${JSON.stringify(chunk)}\n\n${DONE_FRAME}`;
}
