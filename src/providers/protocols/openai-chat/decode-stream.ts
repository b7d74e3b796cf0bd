/** Chat completion chunks, as OpenAI and those that imitate it stream them, read into events. */
import { AppError } from '../../../base/errors.ts';
import { type SseFrame, SseParser } from '../../../base/sse.ts';
import type { ApiTarget, Json, JsonObject, Quirks, StreamDecoder, StreamEvent } from '../../protocol.ts';
import { readReasoningDetail } from './content.ts';
import { malformedReply, parseStreamedError } from './errors.ts';
import { isObject } from './fields.ts';
import {
  argumentsText,
  callId,
  contentParts,
  failedFinish,
  finishOf,
  mediaParts,
  reasoningText,
  stopSequenceOf,
  stringOf,
  usageOf,
} from './parse-reply.ts';
import { thoughtSignature } from './parse-request.ts';
import { readChatUsage } from './usage.ts';

type TextKind = 'text' | 'reasoning' | 'refusal';

interface CallState {
  /** The provider's own index, where it gives one. */
  index: number | undefined;
  id: string;
  /** The id was the provider's, not made here. */
  named: boolean;
  part: number;
  announced: boolean;
  /** Arguments that came before the name did. */
  held: string;
}

interface ChoiceState {
  nextPart: number;
  open: { kind: TextKind; part: number } | undefined;
  calls: CallState[];
  finished: boolean;
}

/** Why a stream that ended without its end mark is not whole. */
export function brokenOff(): AppError {
  return new AppError('upstream_error', "The provider's stream broke off before its end.");
}

export class ChatStreamDecoder implements StreamDecoder {
  readonly #quirks: Quirks;
  readonly #parser = new SseParser();
  readonly #choices = new Map<number, ChoiceState>();
  #started = false;
  #ended = false;
  #id: string | undefined;
  #tier: string | undefined;

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
    for (const frame of frames) this.#frame(frame.data, events);
    return events;
  }

  end(): StreamEvent[] {
    const events: StreamEvent[] = [];
    if (this.#ended) return events;
    const rest = this.#parser.end();
    if (rest) this.#frame(rest.data, events);
    if (this.#ended) return events;
    // Some providers close the stream after the finish reason without `[DONE]`.
    if (this.#allFinished()) events.push({ type: 'end' });
    else events.push({ type: 'error', error: brokenOff() });
    this.#ended = true;
    return events;
  }

  #allFinished(): boolean {
    if (this.#choices.size === 0) return false;
    for (const state of this.#choices.values()) if (!state.finished) return false;
    return true;
  }

  #fail(error: AppError, events: StreamEvent[]): void {
    this.#ended = true;
    events.push({ type: 'error', error });
  }

  #frame(data: string, events: StreamEvent[]): void {
    if (this.#ended || data === '') return;
    if (data.trim() === '[DONE]') {
      this.#ended = true;
      events.push({ type: 'end' });
      return;
    }
    let body: unknown;
    try {
      body = JSON.parse(data);
    } catch {
      this.#fail(malformedReply('a stream frame is no JSON'), events);
      return;
    }
    if (!isObject(body)) this.#fail(malformedReply('a stream frame is no object'), events);
    else if (body.error !== undefined && body.error !== null) this.#fail(parseStreamedError(body.error), events);
    else this.#chunk(body, events);
  }

  #chunk(body: JsonObject, events: StreamEvent[]): void {
    this.#tier = stringOf(body.service_tier) ?? this.#tier;
    this.#start(body, events);
    let failure: AppError | undefined;
    if (Array.isArray(body.choices)) {
      for (const choice of body.choices) if (isObject(choice)) failure ??= this.#choice(choice, events);
    }
    // Before any failure: what was used was used.
    const usage = readChatUsage(usageOf(body), this.#quirks);
    if (usage) events.push({ type: 'usage', usage, ...(this.#tier === undefined ? {} : { servedTier: this.#tier }) });
    if (failure) this.#fail(failure, events);
  }

  #start(body: JsonObject, events: StreamEvent[]): void {
    if (this.#started) return;
    this.#started = true;
    this.#id = stringOf(body.id);
    const model = stringOf(body.model);
    const start: StreamEvent = { type: 'start' };
    if (this.#id !== undefined) start.id = this.#id;
    if (model !== undefined) start.model = model;
    if (this.#tier !== undefined) start.servedTier = this.#tier;
    events.push(start);
  }

  #state(index: number): ChoiceState {
    let state = this.#choices.get(index);
    if (!state) {
      state = { nextPart: 0, open: undefined, calls: [], finished: false };
      this.#choices.set(index, state);
    }
    return state;
  }

  #choice(choice: JsonObject, events: StreamEvent[]): AppError | undefined {
    const index = typeof choice.index === 'number' ? choice.index : 0;
    const state = this.#state(index);
    // A few providers put the whole message into the last chunk in place of a delta.
    const delta = isObject(choice.delta) ? choice.delta : isObject(choice.message) ? choice.message : undefined;
    if (delta) this.#delta(index, state, delta, choice.logprobs, events);
    if (typeof choice.finish_reason !== 'string' || choice.finish_reason === '' || state.finished) return undefined;
    state.finished = true;
    const failure = failedFinish(choice.finish_reason);
    if (failure) return failure;
    this.#releaseCalls(index, state, events);
    this.#finish(index, state, choice, choice.finish_reason, events);
    return undefined;
  }

  #finish(index: number, state: ChoiceState, choice: JsonObject, reason: string, events: StreamEvent[]): void {
    const finish = finishOf(reason, state.calls.length > 0);
    const stop = stopSequenceOf(choice);
    if (finish === 'stop' && stop !== undefined) {
      events.push({ type: 'finish', choice: index, reason: 'stop_sequence', stopSequence: stop });
    } else events.push({ type: 'finish', choice: index, reason: finish });
  }

  #delta(
    choice: number,
    state: ChoiceState,
    delta: JsonObject,
    logprobs: Json | undefined,
    events: StreamEvent[],
  ): void {
    this.#reasoning(choice, state, delta, events);
    this.#content(choice, state, delta, isObject(logprobs) ? logprobs : undefined, events);
    const refusal = stringOf(delta.refusal);
    if (refusal !== undefined) this.#text(choice, state, 'refusal', refusal, events);
    for (const media of mediaParts(delta)) {
      if (media.type === 'text') this.#text(choice, state, 'text', media.text, events);
      else events.push({ type: 'media', choice, part: this.#newPart(state), media });
    }
    if (Array.isArray(delta.tool_calls)) {
      for (const call of delta.tool_calls) if (isObject(call)) this.#call(choice, state, call, events);
    }
    if (isObject(delta.function_call)) this.#call(choice, state, { index: 0, function: delta.function_call }, events);
  }

  #reasoning(choice: number, state: ChoiceState, delta: JsonObject, events: StreamEvent[]): void {
    const text = reasoningText(delta, this.#quirks);
    if (text !== undefined) this.#text(choice, state, 'reasoning', text, events);
    if (!Array.isArray(delta.reasoning_details)) return;
    for (const entry of delta.reasoning_details) {
      for (const detail of readReasoningDetail(entry)) {
        // The text of a detail repeats `reasoning` where both are there.
        if (text === undefined && detail.text !== '') this.#text(choice, state, 'reasoning', detail.text, events);
        const { signature, encrypted, id } = detail;
        if (signature === undefined && encrypted === undefined) continue;
        const part = state.open?.kind === 'reasoning' ? state.open.part : this.#newPart(state);
        events.push({ type: 'reasoning_proof', choice, part, ...defined({ signature, encrypted, id }) });
        state.open = undefined;
      }
    }
  }

  #content(
    choice: number,
    state: ChoiceState,
    delta: JsonObject,
    logprobs: JsonObject | undefined,
    events: StreamEvent[],
  ): void {
    let attached = logprobs;
    for (const part of contentParts(delta.content)) {
      if (part.type === 'text') this.#text(choice, state, 'text', part.text, events, attached);
      else if (part.type === 'reasoning') this.#text(choice, state, 'reasoning', part.text, events);
      else events.push({ type: 'media', choice, part: this.#newPart(state), media: part });
      if (part.type === 'text') attached = undefined;
    }
    if (attached && Array.isArray(attached.content) && attached.content.length > 0) {
      this.#text(choice, state, 'text', '', events, attached);
    }
  }

  #text(
    choice: number,
    state: ChoiceState,
    kind: TextKind,
    text: string,
    events: StreamEvent[],
    logprobs?: JsonObject,
  ): void {
    if (state.open?.kind !== kind) state.open = { kind, part: this.#newPart(state) };
    const { part } = state.open;
    if (kind === 'text' && logprobs) events.push({ type: 'text', choice, part, text, logprobs });
    else events.push({ type: kind, choice, part, text });
  }

  #newPart(state: ChoiceState): number {
    state.open = undefined;
    return state.nextPart++;
  }

  #call(choice: number, state: ChoiceState, call: JsonObject, events: StreamEvent[]): void {
    const fn = isObject(call.function) ? call.function : {};
    const name = stringOf(fn.name);
    const json = argumentsText(fn.arguments);
    const known = findCall(state.calls, call, name);
    const current = known ?? this.#newCall(choice, state, call);
    if (!current.announced && name !== undefined) {
      current.announced = true;
      const signature = thoughtSignature(call);
      events.push({ type: 'tool_call', choice, part: current.part, id: current.id, name, ...defined({ signature }) });
      if (current.held !== '') {
        events.push({ type: 'tool_arguments', choice, part: current.part, json: current.held });
        current.held = '';
      }
    }
    if (json === '') return;
    if (current.announced) events.push({ type: 'tool_arguments', choice, part: current.part, json });
    else current.held += json;
  }

  #newCall(choice: number, state: ChoiceState, call: JsonObject): CallState {
    const id = stringOf(call.id);
    const created: CallState = {
      index: typeof call.index === 'number' ? call.index : undefined,
      id: id ?? callId(this.#id, choice, state.calls.length),
      named: id !== undefined,
      part: this.#newPart(state),
      announced: false,
      held: '',
    };
    state.calls.push(created);
    return created;
  }

  /** Calls whose name never came: shown all the same, so that none is lost. */
  #releaseCalls(choice: number, state: ChoiceState, events: StreamEvent[]): void {
    for (const call of state.calls) {
      if (call.announced) continue;
      call.announced = true;
      events.push({ type: 'tool_call', choice, part: call.part, id: call.id, name: '' });
      if (call.held !== '') events.push({ type: 'tool_arguments', choice, part: call.part, json: call.held });
    }
  }
}

/**
 * The call that a delta continues, or undefined where it begins one. OpenAI numbers calls and gives id and name once;
 * others leave the number out, number every call 0, repeat the id, or send an empty one.
 */
function findCall(calls: CallState[], call: JsonObject, name: string | undefined): CallState | undefined {
  const id = stringOf(call.id);
  if (typeof call.index === 'number') {
    const same = calls.findLast((known) => known.index === call.index);
    const another = same?.named && same.announced && id !== undefined && id !== same.id && name !== undefined;
    return another ? calls.find((known) => known.id === id) : same;
  }
  if (id !== undefined) return calls.find((known) => known.id === id);
  return name === undefined ? calls.at(-1) : undefined;
}

function defined<T extends object>(values: T): Partial<T> {
  const out: Partial<T> = {};
  for (const key of Object.keys(values) as (keyof T)[]) if (values[key] !== undefined) out[key] = values[key];
  return out;
}
