/** The events of a streamed response, read into events of the common language. */
import type { AppError } from '../../../base/errors.ts';
import { type SseFrame, SseParser } from '../../../base/sse.ts';
import type { ApiTarget, JsonObject, Part, Quirks, StreamDecoder, StreamEvent } from '../../protocol.ts';
import { brokenOff } from '../openai-chat/decode-stream.ts';
import { malformedReply, parseStreamedError } from '../openai-chat/errors.ts';
import { isObject } from '../openai-chat/fields.ts';
import { stringOf } from '../openai-chat/parse-reply.ts';
import { chatLogprobs } from './items.ts';
import { callPart, finishOf, imageParts, itemParts, responseFailure } from './parse-reply.ts';
import { readResponsesUsage } from './usage.ts';

/** Events that end a stream. */
export const TERMINAL: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed']);

interface ItemState {
  /** The part of a reasoning or call item. */
  part: number | undefined;
  /** Parts of a message's contents, by content index. */
  contents: Map<number, number>;
  /** The summary that reasoning text was last read from. */
  summary: number | undefined;
  /** Something of it was delivered already. */
  delivered: boolean;
}

export class ResponsesStreamDecoder implements StreamDecoder {
  readonly #quirks: Quirks;
  readonly #parser = new SseParser();
  readonly #items = new Map<number, ItemState>();
  #nextPart = 0;
  #started = false;
  #ended = false;
  #called = false;

  constructor(target: ApiTarget) {
    this.#quirks = target.quirks;
  }

  push(chunk: Uint8Array): StreamEvent[] {
    const events: StreamEvent[] = [];
    if (this.#ended) return events;
    let frames: SseFrame[];
    try {
      frames = this.#parser.push(chunk);
    } catch (error) {
      this.#fail(malformedReply(error instanceof RangeError ? error.message : 'a frame is broken'), events);
      return events;
    }
    for (const frame of frames) this.#frame(frame, events);
    return events;
  }

  end(): StreamEvent[] {
    const events: StreamEvent[] = [];
    if (this.#ended) return events;
    const rest = this.#parser.end();
    if (rest) this.#frame(rest, events);
    if (!this.#ended) this.#fail(brokenOff(), events);
    return events;
  }

  #fail(error: AppError, events: StreamEvent[]): void {
    this.#ended = true;
    events.push({ type: 'error', error });
  }

  #frame(frame: SseFrame, events: StreamEvent[]): void {
    if (this.#ended || frame.data === '' || frame.data.trim() === '[DONE]') return;
    let body: unknown;
    try {
      body = JSON.parse(frame.data);
    } catch {
      this.#fail(malformedReply('a stream frame is no JSON'), events);
      return;
    }
    if (!isObject(body)) this.#fail(malformedReply('a stream frame is no object'), events);
    else this.#event(stringOf(body.type) ?? frame.event ?? '', body, events);
  }

  #event(type: string, body: JsonObject, events: StreamEvent[]): void {
    if (type === 'error' || (body.error !== undefined && body.error !== null)) {
      this.#fail(parseStreamedError(body.error ?? body), events);
      return;
    }
    if (isObject(body.response)) this.#start(body.response, events);
    if (TERMINAL.has(type)) {
      this.#terminal(isObject(body.response) ? body.response : {}, type, events);
      return;
    }
    const delta = typeof body.delta === 'string' ? body.delta : '';
    switch (type) {
      case 'response.output_text.delta':
        this.#text('text', body, delta, events);
        return;
      case 'response.refusal.delta':
        this.#text('refusal', body, delta, events);
        return;
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        this.#reasoning(body, delta, events);
        return;
      case 'response.function_call_arguments.delta':
        this.#arguments(body, delta, events);
        return;
      case 'response.output_item.added':
        if (isObject(body.item) && body.item.type === 'function_call') this.#call(this.#item(body), body.item, events);
        return;
      case 'response.output_item.done':
        if (isObject(body.item)) this.#done(this.#item(body), body.item, events);
        return;
      default:
    }
  }

  #start(response: JsonObject, events: StreamEvent[]): void {
    if (this.#started) return;
    this.#started = true;
    const start: StreamEvent = { type: 'start' };
    const id = stringOf(response.id);
    if (id !== undefined) start.id = id;
    const model = stringOf(response.model);
    if (model !== undefined) start.model = model;
    const tier = stringOf(response.service_tier);
    // `auto` is what was asked for; what was served is known at the end.
    if (tier !== undefined && tier !== 'auto') start.servedTier = tier;
    events.push(start);
  }

  #terminal(response: JsonObject, type: string, events: StreamEvent[]): void {
    const failure = type === 'response.failed' ? (responseFailure(response) ?? malformedReply('it failed')) : undefined;
    if (!failure && this.#items.size === 0) this.#whole(response, events);
    if (!failure) {
      const status = type === 'response.incomplete' ? 'incomplete' : 'completed';
      events.push({ type: 'finish', choice: 0, reason: finishOf({ ...response, status }, this.#called) });
    }
    const usage = readResponsesUsage(response, this.#quirks);
    const tier = stringOf(response.service_tier);
    if (usage) events.push({ type: 'usage', usage, ...(tier === undefined ? {} : { servedTier: tier }) });
    if (failure) this.#fail(failure, events);
    else {
      this.#ended = true;
      events.push({ type: 'end' });
    }
  }

  /** A provider that sends only the end sends all of it there. */
  #whole(response: JsonObject, events: StreamEvent[]): void {
    if (!Array.isArray(response.output)) return;
    for (const [index, item] of response.output.entries()) {
      if (isObject(item)) this.#done(this.#item({ output_index: index }), item, events);
    }
  }

  #item(body: JsonObject): ItemState {
    const index = typeof body.output_index === 'number' ? body.output_index : 0;
    let state = this.#items.get(index);
    if (!state) {
      state = { part: undefined, contents: new Map(), summary: undefined, delivered: false };
      this.#items.set(index, state);
    }
    return state;
  }

  #contentPart(body: JsonObject): number {
    const state = this.#item(body);
    state.delivered = true;
    const index = typeof body.content_index === 'number' ? body.content_index : 0;
    let part = state.contents.get(index);
    if (part === undefined) {
      part = this.#nextPart++;
      state.contents.set(index, part);
    }
    return part;
  }

  #text(type: 'text' | 'refusal', body: JsonObject, text: string, events: StreamEvent[]): void {
    const logprobs = type === 'text' ? chatLogprobs(body.logprobs) : undefined;
    if (text === '' && !logprobs) return;
    const part = this.#contentPart(body);
    events.push({ type, choice: 0, part, text, ...(logprobs ? { logprobs } : {}) });
  }

  #reasoning(body: JsonObject, text: string, events: StreamEvent[]): void {
    if (text === '') return;
    const state = this.#item(body);
    const index = typeof body.summary_index === 'number' ? body.summary_index : undefined;
    const part = this.#reasoningPart(state);
    // Summaries are separate texts; here they are one.
    if (state.summary !== undefined && index !== undefined && state.summary !== index) {
      events.push({ type: 'reasoning', choice: 0, part, text: '\n\n' });
    }
    state.summary = index;
    state.delivered = true;
    events.push({ type: 'reasoning', choice: 0, part, text });
  }

  #reasoningPart(state: ItemState): number {
    state.part ??= this.#nextPart++;
    return state.part;
  }

  #call(state: ItemState, item: JsonObject, events: StreamEvent[]): number {
    if (state.part !== undefined) return state.part;
    this.#called = true;
    const part = this.#nextPart++;
    state.part = part;
    const { id, name, signature } = callPart(item);
    events.push({ type: 'tool_call', choice: 0, part, id, name, ...(signature === undefined ? {} : { signature }) });
    return part;
  }

  #arguments(body: JsonObject, json: string, events: StreamEvent[]): void {
    const state = this.#item(body);
    if (state.part === undefined || json === '') return;
    state.delivered = true;
    events.push({ type: 'tool_arguments', choice: 0, part: state.part, json });
  }

  /** The end of an item: proofs, pictures, and whatever did not come in deltas. */
  #done(state: ItemState, item: JsonObject, events: StreamEvent[]): void {
    if (item.type === 'function_call') {
      const part = this.#call(state, item, events);
      const json = callPart(item).arguments;
      if (!state.delivered && json !== '') events.push({ type: 'tool_arguments', choice: 0, part, json });
    } else if (item.type === 'image_generation_call') {
      for (const media of imageParts(item)) events.push({ type: 'media', choice: 0, part: this.#nextPart++, media });
    } else if (item.type === 'reasoning') {
      for (const part of itemParts(item)) if (part.type === 'reasoning') this.#doneReasoning(state, part, events);
    } else if (item.type === 'message' && !state.delivered) {
      for (const part of itemParts(item)) {
        if (part.type === 'text' || part.type === 'refusal') {
          events.push({ type: part.type, choice: 0, part: this.#nextPart++, text: part.text });
        }
      }
    }
    state.delivered = true;
  }

  #doneReasoning(state: ItemState, reasoning: Extract<Part, { type: 'reasoning' }>, events: StreamEvent[]): void {
    const { text, signature, encrypted, id } = reasoning;
    if (!state.delivered && text !== '') {
      events.push({ type: 'reasoning', choice: 0, part: this.#reasoningPart(state), text });
    }
    if (signature === undefined && encrypted === undefined) return;
    const proof: StreamEvent = { type: 'reasoning_proof', choice: 0, part: this.#reasoningPart(state) };
    if (signature !== undefined) proof.signature = signature;
    if (encrypted !== undefined) proof.encrypted = encrypted;
    if (id !== undefined) proof.id = id;
    events.push(proof);
  }
}
