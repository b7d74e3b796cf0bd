/** The way of bytes where client and provider both speak responses. */
import type { AppError } from '../../../base/errors.ts';
import { type SseFrame, SseParser, sseFrame } from '../../../base/sse.ts';
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
import { brokenOff } from '../openai-chat/decode-stream.ts';
import { malformedReply, parseStreamedError } from '../openai-chat/errors.ts';
import { isObject } from '../openai-chat/fields.ts';
import { stringOf } from '../openai-chat/parse-reply.ts';
import { FrameRun, TextTail } from '../openai-chat/scan-tools.ts';
import { RESPONSES_PATH } from './build.ts';
import { TERMINAL } from './decode-stream.ts';
import { withoutForeignItems } from './foreign-items.ts';
import { refusalContent, summaryText, textContent } from './items.ts';
import { itemParts, responseFailure } from './parse-reply.ts';
import { readResponsesUsage } from './usage.ts';

export const responsesPassthrough: Passthrough = {
  path: () => RESPONSES_PATH,
  rewrite,
  leftOut: (bytes, body) => withoutForeignItems(bytes, body)?.leftOut ?? [],
  facts,
  // Usage stands in the closing event, which is part of the protocol, whether or not anybody asked.
  openScanner: (target) => new ResponsesStreamScanner(target),
  cut,
};

function rewrite(bytes: Uint8Array, body: JsonObject, changes: PassthroughChanges): Uint8Array {
  const edits: Record<string, Json | undefined> = {};
  const cleaned = withoutForeignItems(bytes, body);
  if (cleaned) edits.input = cleaned.input;
  if (body.model !== changes.model) edits.model = changes.model;
  if (changes.maxOutputTokens !== undefined) edits.max_output_tokens = changes.maxOutputTokens;
  return Object.keys(edits).length === 0 ? bytes : spliceTopLevel(bytes, edits);
}

function facts(reply: JsonObject, target: ApiTarget): ReplyFacts {
  const out: ReplyFacts = { text: () => outputText(reply.output) };
  const usage = readResponsesUsage(reply, target.quirks);
  if (usage) out.usage = usage;
  const tier = stringOf(reply.service_tier);
  if (tier !== undefined) out.servedTier = tier;
  const model = stringOf(reply.model);
  if (model !== undefined) out.model = model;
  return out;
}

function outputText(output: Json | undefined): string {
  if (!Array.isArray(output)) return '';
  let text = '';
  for (const item of output) {
    if (!isObject(item)) continue;
    for (const part of itemParts(item)) {
      if (part.type === 'tool_call') text += part.name + part.arguments;
      else if ('text' in part) text += part.text;
    }
  }
  return text;
}

/** An output item as far as it was seen: what a cut needs to show. */
interface SeenItem {
  item: JsonObject;
  done: boolean;
  text: string;
  refused: boolean;
}

export class ResponsesStreamScanner implements StreamScanner {
  readonly #quirks: Quirks;
  readonly #parser = new SseParser();
  readonly #text = new TextTail();
  readonly #withheld: Uint8Array[] = [];
  readonly #items = new Map<number, SeenItem>();
  #response: JsonObject | undefined;
  #sequence = -1;
  usage: UsageReading | undefined;
  servedTier: string | undefined;
  complete = false;
  error: AppError | undefined;
  outputBound = 0;

  constructor(target: ApiTarget) {
    this.#quirks = target.quirks;
  }

  /** Only the closing event tells that the model has stopped. */
  get stopSeen(): boolean {
    return this.complete;
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
      this.#scan([rest]);
      this.#withheld.push(Buffer.from('\n\n'));
    }
    if (!this.complete && !this.error) this.error = brokenOff();
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#withheld);
  }

  /** The frame that ends this stream for length. */
  incomplete(): string {
    const output = [...this.#items.entries()].sort(([a], [b]) => a - b).map(([, seen]) => partialItem(seen));
    const response: JsonObject = {
      ...(this.#response ?? emptyResponse()),
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output,
    };
    // The schema has no null here, though an open response may.
    delete response.usage;
    const type = 'response.incomplete';
    return sseFrame(JSON.stringify({ type, response, sequence_number: this.#sequence + 1 }), type);
  }

  #scan(frames: SseFrame[]): Uint8Array | undefined {
    const run = new FrameRun();
    for (const frame of frames) {
      if (this.error) break;
      if (this.complete) this.#withheld.push(frame.bytes);
      else if (frame.data === '' || frame.data === '[DONE]') run.keep(frame.bytes);
      else this.#frame(frame, run);
    }
    return run.bytes();
  }

  #frame(frame: SseFrame, run: FrameRun): void {
    let body: unknown;
    try {
      body = JSON.parse(frame.data);
    } catch {
      this.error = malformedReply('a stream frame is no JSON');
      return;
    }
    if (!isObject(body)) {
      this.error = malformedReply('a stream frame is no object');
      return;
    }
    const type = stringOf(body.type) ?? frame.event ?? '';
    if (type === 'error' || (body.error !== undefined && body.error !== null)) {
      this.error = parseStreamedError(body.error ?? body);
      return;
    }
    if (typeof body.sequence_number === 'number') this.#sequence = body.sequence_number;
    if (TERMINAL.has(type)) this.#terminal(type, isObject(body.response) ? body.response : {}, frame);
    else {
      this.#read(type, body);
      run.keep(frame.bytes);
    }
  }

  #terminal(type: string, response: JsonObject, frame: SseFrame): void {
    this.usage = readResponsesUsage(response, this.#quirks) ?? this.usage;
    this.servedTier = stringOf(response.service_tier) ?? this.servedTier;
    if (type === 'response.failed') {
      // An upstream's own words may hold secrets; the gateway sends the surface's error event in its place.
      this.error = responseFailure(response) ?? malformedReply('it failed');
      return;
    }
    this.complete = true;
    this.#withheld.push(frame.bytes);
  }

  #read(type: string, body: JsonObject): void {
    if (isObject(body.response)) this.#response ??= body.response;
    const index = typeof body.output_index === 'number' ? body.output_index : 0;
    if (typeof body.delta === 'string') this.#delta(type, index, body.delta);
    else if (type === 'response.output_item.added' && isObject(body.item)) {
      this.#items.set(index, { item: body.item, done: false, text: '', refused: false });
      const name = stringOf(body.item.name);
      if (name !== undefined) this.#count(name);
    } else if (type === 'response.output_item.done' && isObject(body.item)) {
      this.#items.set(index, { item: body.item, done: true, text: '', refused: false });
    }
  }

  #delta(type: string, index: number, delta: string): void {
    this.#count(delta);
    const seen = this.#items.get(index);
    if (!seen || seen.done) return;
    seen.text += delta;
    if (type === 'response.refusal.delta') seen.refused = true;
  }

  #count(text: string): void {
    this.outputBound += utf8Bytes(text) + 1;
    this.#text.add(text);
  }
}

function emptyResponse(): JsonObject {
  return {
    id: 'resp_cut',
    object: 'response',
    created_at: 0,
    error: null,
    instructions: null,
    model: '',
    tools: [],
    parallel_tool_calls: true,
    metadata: {},
    tool_choice: 'auto',
    temperature: 1,
    top_p: 1,
  };
}

/** An item as it stands; what is still open is shown with the text that came so far. */
function partialItem(seen: SeenItem): JsonObject {
  if (seen.done) return seen.item;
  const { item, text, refused } = seen;
  switch (item.type) {
    case 'message':
      return { ...item, status: 'incomplete', content: [refused ? refusalContent(text) : textContent(text)] };
    case 'function_call':
      return { ...item, status: 'incomplete', arguments: text };
    case 'reasoning':
      return { ...item, summary: text === '' ? [] : [summaryText(text)] };
    default:
      return item;
  }
}

function cut(scanner: StreamScanner): string {
  return scanner instanceof ResponsesStreamScanner ? scanner.incomplete() : '';
}
