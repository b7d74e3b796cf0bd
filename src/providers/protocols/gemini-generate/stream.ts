/** Gemini's stream (`alt=sse`): each frame is a reply with what is new; there is no end mark but the end itself. */
import { AppError } from '../../../base/errors.ts';
import { type SseFrame, SseParser } from '../../../base/sse.ts';
import type { UsageReading } from '../../../contract/usage.ts';
import { PartCursor } from '../../part-cursor.ts';
import type { Json, JsonObject, Part, StreamDecoder, StreamEvent } from '../../protocol.ts';
import { streamedGeminiError } from './errors.ts';
import { asObject, asObjects, asString, parseObject } from './json.ts';
import { blockText, CallIds, failedReply, partsOf, readBlock, readFinish, readLogprobs, readPart } from './reply.ts';
import { readServedTier, readUsage } from './usage.ts';

interface Candidate {
  cursor: PartCursor;
  calledTools: boolean;
  finished: boolean;
}

export class GeminiStreamDecoder implements StreamDecoder {
  readonly #sse = new SseParser();
  readonly #candidates = new Map<number, Candidate>();
  #ids: CallIds | undefined;
  #started = false;
  /** Nothing is read after a failure. */
  #failed = false;
  #usage: UsageReading | undefined;

  push(chunk: Uint8Array): StreamEvent[] {
    if (this.#failed) return [];
    const events: StreamEvent[] = [];
    try {
      for (const frame of this.#sse.push(chunk)) this.#read(frame, events);
    } catch (error) {
      this.#fail(unreadable(error), events);
    }
    return events;
  }

  end(): StreamEvent[] {
    if (this.#failed) return [];
    const events: StreamEvent[] = [];
    const last = this.#sse.end();
    if (last) this.#read(last, events);
    if (this.#failed) return events;
    const states = [...this.#candidates.values()];
    if (states.length === 0 || states.some((state) => !state.finished)) {
      this.#fail(new AppError('upstream_error', "The provider's stream ended before the model had finished."), events);
      return events;
    }
    events.push({ type: 'end' });
    return events;
  }

  #read(frame: SseFrame, events: StreamEvent[]): void {
    if (this.#failed) return;
    // A failure after the first bytes may come as bare JSON, without `data:`.
    const text = frame.data === '' ? frame.bytes.toString('utf8').trim() : frame.data;
    if (text === '' || text === '[DONE]' || text.startsWith(':')) return;
    const body = parseObject(text) ?? asObject(parseList(text));
    if (!body) {
      this.#fail(new AppError('upstream_error', "A frame of the provider's stream is not valid JSON."), events);
      return;
    }
    this.#readBody(body, events);
  }

  #readBody(body: JsonObject, events: StreamEvent[]): void {
    const error = asObject(body.error);
    if (error) {
      this.#fail(streamedGeminiError(error), events);
      return;
    }
    this.#start(body, events);
    const usage = readUsage(body.usageMetadata);
    if (usage) this.#usage = usage;
    for (const [position, candidate] of asObjects(body.candidates).entries())
      this.#readCandidate(candidate, position, events);
    this.#readBlock(body, events);
    if (usage && !this.#failed) events.push(usageEvent(usage, readServedTier(body.usageMetadata)));
  }

  #start(body: JsonObject, events: StreamEvent[]): void {
    if (this.#started) return;
    this.#started = true;
    const id = asString(body.responseId);
    const model = asString(body.modelVersion);
    const servedTier = readServedTier(body.usageMetadata);
    this.#ids = new CallIds(id);
    events.push({
      type: 'start',
      ...(id === undefined ? {} : { id }),
      ...(model === undefined ? {} : { model }),
      ...(servedTier === undefined ? {} : { servedTier }),
    });
  }

  #readCandidate(candidate: JsonObject, position: number, events: StreamEvent[]): void {
    if (this.#failed) return;
    const choice = typeof candidate.index === 'number' ? candidate.index : position;
    const state = this.#candidate(choice);
    const logprobs = readLogprobs(candidate);
    for (const part of partsOf(candidate)) {
      for (const read of readPart(part, this.#ids!)) emitPart(read, choice, state, events);
    }
    if (logprobs !== undefined) attachLogprobs(events, choice, logprobs);
    const finish = readFinish(candidate, state.calledTools);
    if (finish === undefined || state.finished) return;
    if (finish === 'failed') {
      if (this.#usage) events.push(usageEvent(this.#usage, undefined));
      this.#fail(failedReply(candidate, this.#usage), events);
      return;
    }
    state.finished = true;
    events.push({ type: 'finish', choice, reason: finish });
  }

  /** A blocked prompt has no candidates: the refusal is the whole reply. */
  #readBlock(body: JsonObject, events: StreamEvent[]): void {
    const block = readBlock(body);
    if (block === undefined || this.#failed || this.#candidates.size > 0) return;
    const state = this.#candidate(0);
    state.finished = true;
    events.push({ type: 'refusal', choice: 0, part: state.cursor.whole(), text: blockText(block) });
    events.push({ type: 'finish', choice: 0, reason: 'content_filter' });
  }

  #candidate(choice: number): Candidate {
    let state = this.#candidates.get(choice);
    if (!state) {
      state = { cursor: new PartCursor(), calledTools: false, finished: false };
      this.#candidates.set(choice, state);
    }
    return state;
  }

  #fail(error: AppError, events: StreamEvent[]): void {
    this.#failed = true;
    events.push({ type: 'error', error });
  }
}

function emitPart(part: Part, choice: number, state: Candidate, events: StreamEvent[]): void {
  switch (part.type) {
    case 'text':
      events.push({ type: 'text', choice, part: state.cursor.at('text'), text: part.text });
      return;
    case 'reasoning':
      emitReasoning(part.text, part.signature, choice, state, events);
      return;
    case 'tool_call': {
      state.calledTools = true;
      const index = state.cursor.whole();
      const { id, name, signature } = part;
      events.push({
        type: 'tool_call',
        choice,
        part: index,
        id,
        name,
        ...(signature === undefined ? {} : { signature }),
      });
      events.push({ type: 'tool_arguments', choice, part: index, json: part.arguments });
      return;
    }
    default:
      events.push({ type: 'media', choice, part: state.cursor.whole(), media: part });
  }
}

/** A signature ends the reasoning it belongs to; one that came with text stands in a reasoning part of its own. */
function emitReasoning(
  text: string,
  signature: string | undefined,
  choice: number,
  state: Candidate,
  events: StreamEvent[],
): void {
  if (text === '' && signature === undefined) return;
  const part = state.cursor.at('reasoning');
  if (text !== '') events.push({ type: 'reasoning', choice, part, text });
  if (signature === undefined) return;
  events.push({ type: 'reasoning_proof', choice, part, signature });
  state.cursor.close();
}

/** On the frame's last piece of text, which is what they are about. */
function attachLogprobs(events: StreamEvent[], choice: number, logprobs: Json): void {
  const text = events.findLast((event) => event.type === 'text' && event.choice === choice);
  if (text?.type === 'text') text.logprobs = logprobs;
}

function usageEvent(usage: UsageReading, servedTier: string | undefined): StreamEvent {
  return { type: 'usage', usage, ...(servedTier === undefined ? {} : { servedTier }) };
}

function parseList(text: string): unknown {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list[0] : undefined;
  } catch {
    return undefined;
  }
}

function unreadable(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('upstream_error', "The provider's stream could not be read.", { cause: error });
}
