/** What Bedrock answers, in the common language (API reference "Converse", "ConverseStream"). */
import { AppError } from '../../../base/errors.ts';
import type { FinishReason, Json, JsonObject, Part, Reply, StreamDecoder, StreamEvent } from '../../protocol.ts';
import { isObject } from '../anthropic-messages/fields.ts';
import { bedrockError } from './errors.ts';
import { EventStreamParser, type StreamMessage } from './event-stream.ts';
import { readServedTier, readUsage } from './usage.ts';

const FINISH: Record<string, FinishReason> = {
  end_turn: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  stop_sequence: 'stop_sequence',
  guardrail_intervened: 'content_filter',
  content_filtered: 'content_filter',
};

/** A whole reply. Throws AppError `upstream_error` where the body is none. */
export function decodeReply(body: JsonObject): Reply {
  const message = isObject(body.output) ? body.output.message : undefined;
  if (!isObject(message) || !Array.isArray(message.content)) {
    throw new AppError('upstream_error', 'Bedrock answered with something that is no message.');
  }
  const choice: Reply['choices'][0] = {
    index: 0,
    content: message.content.flatMap(decodeBlock),
    finish: finishOf(body.stopReason),
  };
  const sequence = stopSequence(body);
  if (sequence !== undefined) choice.stopSequence = sequence;
  return { choices: [choice], usage: readUsage(body.usage), servedTier: readServedTier(body.serviceTier) };
}

function finishOf(reason: Json | undefined): FinishReason {
  return FINISH[text(reason)] ?? 'stop';
}

function stopSequence(body: JsonObject): string | undefined {
  const fields = body.additionalModelResponseFields;
  return isObject(fields) && typeof fields.stop_sequence === 'string' ? fields.stop_sequence : undefined;
}

function decodeBlock(block: Json): Part[] {
  if (!isObject(block)) return [];
  if (typeof block.text === 'string') return [{ type: 'text', text: block.text }];
  if (isObject(block.toolUse)) {
    const { toolUseId, name, input } = block.toolUse;
    return [{ type: 'tool_call', id: text(toolUseId), name: text(name), arguments: JSON.stringify(input ?? {}) }];
  }
  if (isObject(block.reasoningContent)) return [decodeReasoning(block.reasoningContent)];
  if (isObject(block.citationsContent) && Array.isArray(block.citationsContent.content)) {
    const pieces = block.citationsContent.content.map((each) => (isObject(each) ? text(each.text) : ''));
    return [{ type: 'text', text: pieces.join('') }];
  }
  if (isObject(block.image) && isObject(block.image.source) && typeof block.image.source.bytes === 'string') {
    const mediaType = `image/${text(block.image.format)}`;
    return [{ type: 'image', source: { kind: 'base64', mediaType, data: block.image.source.bytes } }];
  }
  return [];
}

function decodeReasoning(content: JsonObject): Part {
  if (typeof content.redactedContent === 'string') {
    return { type: 'reasoning', text: '', encrypted: content.redactedContent };
  }
  const block = isObject(content.reasoningText) ? content.reasoningText : {};
  const part: Part = { type: 'reasoning', text: text(block.text) };
  if (typeof block.signature === 'string' && block.signature !== '') part.signature = block.signature;
  return part;
}

/** `messageStop` says why the model ended, `metadata` follows with the usage, and the end of the bytes ends the stream. */
export class ConverseDecoder implements StreamDecoder {
  #parser = new EventStreamParser();
  #parts = new Map<number, number>();
  #stopped = false;
  #failed = false;

  push(chunk: Uint8Array): StreamEvent[] {
    const events: StreamEvent[] = [];
    if (this.#failed) return events;
    const { messages, error } = this.#parser.push(chunk);
    for (const message of messages) this.#message(message, events);
    if (error && !this.#failed) this.#fail(events, broken(error.message, error));
    return events;
  }

  end(): StreamEvent[] {
    const events: StreamEvent[] = [];
    if (this.#failed) return events;
    if (this.#parser.unfinished) this.#fail(events, broken('it ended inside a message'));
    else if (!this.#stopped) this.#fail(events, broken('it ended before messageStop'));
    else events.push({ type: 'end' });
    return events;
  }

  #message(message: StreamMessage, events: StreamEvent[]): void {
    if (this.#failed) return;
    if (message.kind === 'event') {
      let data: Json;
      try {
        data = JSON.parse(message.body) as Json;
      } catch (error) {
        this.#fail(events, broken('an event is no JSON', error));
        return;
      }
      if (isObject(data)) this.#event(message.name, data, events);
    } else this.#fail(events, bedrockError(message.name, exceptionText(message)));
  }

  #event(name: string, data: JsonObject, events: StreamEvent[]): void {
    switch (name) {
      case 'messageStart':
        events.push({ type: 'start' });
        return;
      case 'contentBlockStart':
        this.#blockStart(data, events);
        return;
      case 'contentBlockDelta':
        this.#delta(data, events);
        return;
      case 'messageStop':
        this.#stopped = true;
        events.push({
          type: 'finish',
          choice: 0,
          reason: finishOf(data.stopReason),
          stopSequence: stopSequence(data),
        });
        return;
      case 'metadata': {
        const usage = readUsage(data.usage);
        if (usage) events.push({ type: 'usage', usage, servedTier: readServedTier(data.serviceTier) });
      }
    }
  }

  #blockStart(data: JsonObject, events: StreamEvent[]): void {
    const call = isObject(data.start) ? data.start.toolUse : undefined;
    if (!isObject(call)) return;
    const part = this.#part(data.contentBlockIndex);
    events.push({ type: 'tool_call', choice: 0, part, id: text(call.toolUseId), name: text(call.name) });
  }

  #delta(data: JsonObject, events: StreamEvent[]): void {
    const delta = data.delta;
    if (!isObject(delta)) return;
    if (typeof delta.text === 'string') {
      events.push({ type: 'text', choice: 0, part: this.#part(data.contentBlockIndex), text: delta.text });
    } else if (isObject(delta.toolUse)) {
      const json = text(delta.toolUse.input);
      events.push({ type: 'tool_arguments', choice: 0, part: this.#part(data.contentBlockIndex), json });
    } else if (isObject(delta.reasoningContent)) {
      this.#reasoning(delta.reasoningContent, this.#part(data.contentBlockIndex), events);
    }
  }

  #reasoning(content: JsonObject, part: number, events: StreamEvent[]): void {
    if (typeof content.text === 'string') events.push({ type: 'reasoning', choice: 0, part, text: content.text });
    else if (typeof content.signature === 'string') {
      events.push({ type: 'reasoning_proof', choice: 0, part, signature: content.signature });
    } else if (typeof content.redactedContent === 'string') {
      events.push({ type: 'reasoning_proof', choice: 0, part, encrypted: content.redactedContent });
    }
  }

  /** Blocks of text begin without a start event, so a part is made where its index is first seen. */
  #part(index: Json | undefined): number {
    const key = typeof index === 'number' ? index : 0;
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    this.#parts.set(key, this.#parts.size);
    return this.#parts.size - 1;
  }

  #fail(events: StreamEvent[], error: AppError): void {
    this.#failed = true;
    events.push({ type: 'error', error });
  }
}

function exceptionText(message: StreamMessage): string {
  try {
    const body = JSON.parse(message.body) as Json;
    if (isObject(body)) return text(body.message ?? body.Message ?? body.originalMessage);
  } catch {
    // An error without a JSON body has its text in a header.
  }
  return message.text ?? '';
}

function broken(what: string, cause?: unknown): AppError {
  return new AppError('upstream_error', `Bedrock's stream is broken: ${what}.`, { cause });
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
