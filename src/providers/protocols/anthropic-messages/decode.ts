/** What an Anthropic provider answers, in the common language. */
import { AppError } from '../../../base/errors.ts';
import { type SseFrame, SseParser } from '../../../base/sse.ts';
import type { Json, JsonObject, Part, Reply, StreamDecoder, StreamEvent } from '../../protocol.ts';
import { errorFromEvent } from './errors.ts';
import { isObject } from './fields.ts';
import { finishFromStop } from './stops.ts';
import { mergeUsage, readServedTier, readUsage } from './usage.ts';

export function malformedStream(what: string, cause?: unknown): AppError {
  return new AppError('upstream_error', `The provider's stream is broken: ${what}.`, { cause });
}

/** A whole reply. Throws AppError where the body is an error or no message. */
export function decodeReply(body: JsonObject): Reply {
  if (body.type === 'error') throw errorFromEvent(body);
  if (!Array.isArray(body.content)) {
    throw new AppError('upstream_error', 'The provider answered with something that is no message.');
  }
  const content: Part[] = [];
  for (const block of body.content) {
    const part = decodeBlock(block);
    if (part) content.push(part);
  }
  const reply: Reply = {
    choices: [{ index: 0, content, finish: finishFromStop(text(body.stop_reason) ?? '') }],
    usage: readUsage(body.usage),
    servedTier: readServedTier(body.usage),
  };
  if (typeof body.id === 'string') reply.id = body.id;
  if (typeof body.model === 'string') reply.model = body.model;
  if (typeof body.stop_sequence === 'string') reply.choices[0]!.stopSequence = body.stop_sequence;
  return reply;
}

/** Blocks of tools that the provider runs itself have no word in the common language; requests that were translated can't ask for them. */
function decodeBlock(block: Json): Part | undefined {
  if (!isObject(block)) return undefined;
  switch (block.type) {
    case 'text': {
      const part: Part = { type: 'text', text: text(block.text) ?? '' };
      if (Array.isArray(block.citations) && block.citations.length > 0) part.citations = block.citations;
      return part;
    }
    case 'thinking':
      return { type: 'reasoning', text: text(block.thinking) ?? '', signature: text(block.signature) || undefined };
    case 'redacted_thinking':
      return { type: 'reasoning', text: '', encrypted: text(block.data) ?? '' };
    case 'tool_use':
      return {
        type: 'tool_call',
        id: text(block.id) ?? '',
        name: text(block.name) ?? '',
        arguments: JSON.stringify(block.input ?? {}),
      };
    default:
      return undefined;
  }
}

export class AnthropicDecoder implements StreamDecoder {
  #parser = new SseParser();
  #parts = new Map<number, number>();
  #nextPart = 0;
  #usage: JsonObject | undefined;
  #over = false;

  push(chunk: Uint8Array): StreamEvent[] {
    const events: StreamEvent[] = [];
    if (this.#over) return events;
    let frames: SseFrame[];
    try {
      frames = this.#parser.push(chunk);
    } catch (error) {
      this.#fail(events, malformedStream('a frame is too large', error));
      return events;
    }
    for (const frame of frames) this.#frame(frame, events);
    return events;
  }

  end(): StreamEvent[] {
    const events: StreamEvent[] = [];
    const rest = this.#parser.end();
    if (rest) this.#frame(rest, events);
    if (!this.#over) this.#fail(events, malformedStream('it ended before message_stop'));
    return events;
  }

  #frame(frame: SseFrame, events: StreamEvent[]): void {
    if (this.#over || frame.data === '') return;
    let data: Json;
    try {
      data = JSON.parse(frame.data) as Json;
    } catch (error) {
      this.#fail(events, malformedStream('a frame is no JSON', error));
      return;
    }
    if (isObject(data)) this.#event(data, events);
  }

  #event(data: JsonObject, events: StreamEvent[]): void {
    switch (data.type) {
      case 'content_block_delta':
        this.#delta(data, events);
        return;
      case 'content_block_start':
        this.#blockStart(data, events);
        return;
      case 'message_start':
        this.#messageStart(data, events);
        return;
      case 'message_delta':
        this.#messageDelta(data, events);
        return;
      case 'message_stop':
        this.#over = true;
        events.push({ type: 'end' });
        return;
      case 'error':
        this.#fail(events, errorFromEvent(data));
        return;
    }
  }

  #messageStart(data: JsonObject, events: StreamEvent[]): void {
    const message = isObject(data.message) ? data.message : {};
    this.#usage = mergeUsage(undefined, message.usage);
    events.push({
      type: 'start',
      id: text(message.id),
      model: text(message.model),
      servedTier: readServedTier(this.#usage),
    });
    this.#pushUsage(events, false);
  }

  #messageDelta(data: JsonObject, events: StreamEvent[]): void {
    this.#usage = mergeUsage(this.#usage, data.usage);
    const delta = isObject(data.delta) ? data.delta : {};
    if (typeof delta.stop_reason === 'string') {
      events.push({
        type: 'finish',
        choice: 0,
        reason: finishFromStop(delta.stop_reason),
        stopSequence: text(delta.stop_sequence),
      });
    }
    this.#pushUsage(events, true);
  }

  /** Before the first message_delta a figure may still be missing; that is no contradiction yet. */
  #pushUsage(events: StreamEvent[], final: boolean): void {
    const usage = readUsage(this.#usage);
    if (!usage || (!final && usage.source === 'unreconciled')) return;
    events.push({ type: 'usage', usage, servedTier: readServedTier(this.#usage) });
  }

  #blockStart(data: JsonObject, events: StreamEvent[]): void {
    const block = isObject(data.content_block) ? data.content_block : {};
    if (!['text', 'thinking', 'redacted_thinking', 'tool_use'].includes(text(block.type) ?? '')) return;
    const part = this.#nextPart++;
    if (typeof data.index === 'number') this.#parts.set(data.index, part);
    if (block.type === 'redacted_thinking') {
      events.push({ type: 'reasoning_proof', choice: 0, part, encrypted: text(block.data) ?? '' });
    } else if (block.type === 'tool_use') {
      events.push({ type: 'tool_call', choice: 0, part, id: text(block.id) ?? '', name: text(block.name) ?? '' });
      if (isObject(block.input) && Object.keys(block.input).length > 0) {
        events.push({ type: 'tool_arguments', choice: 0, part, json: JSON.stringify(block.input) });
      }
    } else if (block.type === 'thinking') {
      if (block.thinking) events.push({ type: 'reasoning', choice: 0, part, text: text(block.thinking) ?? '' });
      if (block.signature) {
        events.push({ type: 'reasoning_proof', choice: 0, part, signature: text(block.signature) });
      }
    } else if (block.text) {
      events.push({ type: 'text', choice: 0, part, text: text(block.text) ?? '' });
    }
  }

  #delta(data: JsonObject, events: StreamEvent[]): void {
    const part = this.#parts.get(data.index as number);
    const delta = data.delta;
    if (part === undefined || !isObject(delta)) return;
    switch (delta.type) {
      case 'text_delta':
        events.push({ type: 'text', choice: 0, part, text: text(delta.text) ?? '' });
        break;
      case 'thinking_delta':
        events.push({ type: 'reasoning', choice: 0, part, text: text(delta.thinking) ?? '' });
        break;
      case 'signature_delta':
        events.push({ type: 'reasoning_proof', choice: 0, part, signature: text(delta.signature) });
        break;
      case 'input_json_delta':
        events.push({ type: 'tool_arguments', choice: 0, part, json: text(delta.partial_json) ?? '' });
        break;
    }
  }

  #fail(events: StreamEvent[], error: AppError): void {
    this.#over = true;
    events.push({ type: 'error', error });
  }
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
