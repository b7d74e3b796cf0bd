/** Messages in, Messages out: bytes go through as they are; only what accounting needs is read. */
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
  ReplyFacts,
  StreamScanner,
} from '../../protocol.ts';
import { spliceTopLevel } from '../json-body.ts';
import { malformedStream } from './decode.ts';
import { errorFromEvent } from './errors.ts';
import { isObject } from './fields.ts';
import { withoutForeignThinking } from './foreign-thinking.ts';
import { MIN_THINKING_TOKENS } from './thinking.ts';
import { mergeUsage, readServedTier, readUsage } from './usage.ts';

/** Below the provider's versioned address (`https://api.anthropic.com/v1`). */
export const MESSAGES_PATH = '/messages';
const TEXT_CHARS = 1024 * 1024;

export const anthropicPassthrough: Passthrough = {
  path: () => MESSAGES_PATH,
  rewrite,
  leftOut: (bytes, body, target) => withoutForeignThinking(bytes, body, target)?.leftOut ?? [],
  facts,
  openScanner: (target) => new MessagesScanner(target.model),
  cut(scanner) {
    if (!(scanner instanceof MessagesScanner)) throw new TypeError('cut takes a scanner of this protocol');
    return scanner.cut();
  },
};

function rewrite(bytes: Uint8Array, body: JsonObject, changes: PassthroughChanges, target: ApiTarget): Uint8Array {
  const fields: Record<string, Json | undefined> = { ...withoutForeignThinking(bytes, body, target)?.fields };
  if (body.model !== changes.model) fields.model = changes.model;
  const limit = changes.maxOutputTokens;
  if (limit !== undefined && limit !== body.max_tokens) {
    fields.max_tokens = limit;
    const thinking = fields.thinking ?? body.thinking;
    // A thinking budget has to stay under the limit, or the provider refuses the call.
    if (isObject(thinking) && typeof thinking.budget_tokens === 'number' && thinking.budget_tokens >= limit) {
      fields.thinking = limit > MIN_THINKING_TOKENS ? { ...thinking, budget_tokens: limit - 1 } : { type: 'disabled' };
    }
  }
  return spliceTopLevel(bytes, fields);
}

function facts(reply: JsonObject): ReplyFacts {
  return {
    usage: readUsage(reply.usage),
    servedTier: readServedTier(reply.usage),
    model: typeof reply.model === 'string' ? reply.model : undefined,
    text: () => (Array.isArray(reply.content) ? reply.content.map(blockText).join('') : ''),
  };
}

function blockText(block: Json): string {
  if (!isObject(block)) return '';
  if (typeof block.text === 'string') return block.text;
  if (typeof block.thinking === 'string') return block.thinking;
  if (block.type === 'tool_use' || block.type === 'server_tool_use') {
    return `${typeof block.name === 'string' ? block.name : ''}${JSON.stringify(block.input ?? {})}`;
  }
  return '';
}

export class MessagesScanner implements StreamScanner {
  usage: UsageReading | undefined;
  servedTier: string | undefined;
  stopSeen = false;
  complete = false;
  error: AppError | undefined;
  outputBound = 0;

  #model: string;
  #parser = new SseParser();
  #withheld: Buffer[] = [];
  #rawUsage: JsonObject | undefined;
  #text = '';
  #started = false;
  #openBlock: number | undefined;

  constructor(model: string) {
    this.#model = model;
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.error) return undefined;
    let frames: SseFrame[];
    try {
      frames = this.#parser.push(chunk);
    } catch (error) {
      this.error = malformedStream('a frame is too large', error);
      return undefined;
    }
    let passed = 0;
    for (const frame of frames) {
      this.#read(frame);
      if (this.error) break;
      if (this.complete) this.#withheld.push(frame.bytes);
      else passed++;
    }
    if (passed === 0) return undefined;
    // The frames of one chunk lie side by side in one buffer, so they go out without a copy.
    const first = frames[0]!.bytes;
    const last = frames[passed - 1]!.bytes;
    return Buffer.from(first.buffer, first.byteOffset, last.byteOffset + last.length - first.byteOffset);
  }

  end(): void {
    if (this.error) return;
    const rest = this.#parser.end();
    if (rest && !this.complete) {
      this.#read(rest);
      // The blank line that the provider owes its last frame.
      if (this.complete) this.#withheld.push(rest.bytes, Buffer.from('\n\n'));
    }
    if (!this.complete) this.error ??= malformedStream('it ended before message_stop');
  }

  finish(): Uint8Array {
    return this.#withheld.length === 1 ? this.#withheld[0]! : Buffer.concat(this.#withheld);
  }

  text(): string {
    return this.#text.length > TEXT_CHARS ? this.#text.slice(-TEXT_CHARS) : this.#text;
  }

  /** The frames that end this stream at the length stop, in whatever state it is. Usage is the last that the provider stated. */
  cut(): string {
    const usage: JsonObject = this.#rawUsage ?? { input_tokens: 0, output_tokens: 0 };
    let out = '';
    if (!this.#started) {
      out += event('message_start', {
        message: {
          id: 'msg_cut',
          type: 'message',
          role: 'assistant',
          model: this.#model,
          content: [],
          container: null,
          diagnostics: null,
          stop_details: null,
          stop_reason: null,
          stop_sequence: null,
          usage,
        },
      });
    }
    if (this.#openBlock !== undefined) out += event('content_block_stop', { index: this.#openBlock });
    out += event('message_delta', {
      delta: { stop_reason: 'max_tokens', stop_sequence: null, stop_details: null, container: null },
      usage: { ...usage, output_tokens: usage.output_tokens ?? 0 },
    });
    return out + event('message_stop', {});
  }

  #read(frame: SseFrame): void {
    if (frame.data === '' || this.complete) return;
    let data: Json;
    try {
      data = JSON.parse(frame.data) as Json;
    } catch (error) {
      this.error = malformedStream('a frame is no JSON', error);
      return;
    }
    if (!isObject(data)) return;
    switch (data.type) {
      case 'content_block_delta':
        this.#delta(data.delta);
        return;
      case 'content_block_start':
        this.#blockStart(data);
        return;
      case 'content_block_stop':
        this.#openBlock = undefined;
        return;
      case 'message_start':
        this.#started = true;
        this.#readUsage(isObject(data.message) ? data.message.usage : undefined);
        return;
      case 'message_delta':
        if (isObject(data.delta) && typeof data.delta.stop_reason === 'string') this.stopSeen = true;
        this.#readUsage(data.usage);
        return;
      case 'message_stop':
        this.complete = true;
        return;
      case 'error':
        this.error = errorFromEvent(data);
    }
  }

  #readUsage(raw: Json | undefined): void {
    this.#rawUsage = mergeUsage(this.#rawUsage, raw);
    const reading = readUsage(this.#rawUsage);
    // Until the stop reason a figure may still be missing; that is no contradiction yet.
    this.usage = reading?.source === 'unreconciled' && !this.stopSeen ? undefined : reading;
    this.servedTier = readServedTier(this.#rawUsage);
  }

  #blockStart(data: JsonObject): void {
    this.#openBlock = typeof data.index === 'number' ? data.index : 0;
    const block = isObject(data.content_block) ? data.content_block : {};
    if (block.type === 'tool_use' || block.type === 'server_tool_use') this.#add(block.name);
    else if (block.type === 'redacted_thinking') this.#count(block.data);
    else if (block.type === 'text') this.#add(block.text);
    this.outputBound += 1;
  }

  #delta(delta: Json | undefined): void {
    this.outputBound += 1;
    if (!isObject(delta)) return;
    // One of these is there; a signature stands for thinking that is not shown, so its bytes count though its text does not.
    this.#add(delta.text ?? delta.thinking ?? delta.partial_json);
    if (delta.signature !== undefined) this.#count(delta.signature);
  }

  #add(value: Json | undefined): void {
    if (typeof value !== 'string' || value === '') return;
    this.#count(value);
    this.#text += value;
    if (this.#text.length > 2 * TEXT_CHARS) this.#text = this.#text.slice(-TEXT_CHARS);
  }

  #count(value: Json | undefined): void {
    if (typeof value === 'string') this.outputBound += utf8Bytes(value);
  }
}

function event(type: string, fields: JsonObject): string {
  return sseFrame(JSON.stringify({ type, ...fields }), type);
}
