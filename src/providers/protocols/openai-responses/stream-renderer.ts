/** Events of a reply, written as the events of a response (OpenAI API reference, Responses streaming). */
import type { AppError } from '../../../base/errors.ts';
import { sseFrame } from '../../../base/sse.ts';
import type { UsageReading } from '../../../contract/usage.ts';
import type {
  ChatRequest,
  FinishReason,
  Json,
  JsonObject,
  Part,
  ReplyContext,
  StreamEvent,
  StreamRenderer,
} from '../../protocol.ts';
import {
  callItem,
  imageItem,
  itemLogprobs,
  messageItem,
  reasoningItem,
  refusalContent,
  summaryText,
  textContent,
} from './items.ts';
import { itemId, outcomeFields, outcomeOf, responseError, responseHead, responseId, tierField } from './render.ts';
import { writeResponsesUsage } from './usage.ts';

interface MessageItem {
  kind: 'message';
  id: string;
  /** The content parts that are done. */
  content: JsonObject[];
  open: { kind: 'text' | 'refusal'; part: number; text: string; logprobs: JsonObject[] } | undefined;
}

interface ReasoningItem {
  kind: 'reasoning';
  id: string;
  part: number;
  text: string;
  signature?: string;
  encrypted?: string;
}

interface CallItem {
  kind: 'call';
  id: string;
  part: number;
  callId: string;
  name: string;
  arguments: string;
  signature?: string;
}

interface DoneItem {
  kind: 'done';
  item: JsonObject;
}

type Item = MessageItem | ReasoningItem | CallItem | DoneItem;

/** Writes the first choice; responses have no more than one. */
export class ResponsesStreamRenderer implements StreamRenderer {
  readonly #request: ChatRequest;
  readonly #context: ReplyContext;
  /** By output index. */
  readonly #items: Item[] = [];
  #sequence = 0;
  #id: string;
  #started = false;
  #tier: string | undefined;
  #usage: UsageReading | undefined;
  #finish: FinishReason | undefined;
  #refused = false;

  constructor(request: ChatRequest, context: ReplyContext) {
    this.#request = request;
    this.#context = context;
    this.#id = responseId(undefined, context);
  }

  push(events: readonly StreamEvent[]): string {
    let out = '';
    for (const event of events) {
      if ('choice' in event && event.choice !== 0) continue;
      out += this.#render(event);
    }
    return out;
  }

  finish(): string {
    const outcome = outcomeOf(this.#finish ?? 'stop', this.#refused);
    let out = this.#start();
    for (const index of this.#items.keys())
      out += this.#close(index, index === this.#items.length - 1 && outcome.status === 'incomplete');
    const usage = writeResponsesUsage(this.#usage);
    const response: JsonObject = {
      ...this.#head(),
      ...outcomeFields(outcome),
      ...(usage ? { usage } : {}),
    };
    return out + this.#event(`response.${outcome.status}`, { response });
  }

  fail(error: AppError): string {
    let out = '';
    if (this.#started) {
      const response: JsonObject = { ...this.#head(), status: 'failed', error: responseError(error) };
      out += this.#event('response.failed', { response });
    }
    // The event that the official clients throw on.
    return out + this.#event('error', { code: error.code, message: error.message, param: error.param ?? null });
  }

  #render(event: StreamEvent): string {
    switch (event.type) {
      case 'start':
        this.#id = this.#started ? this.#id : responseId(event.id, this.#context);
        this.#tier = event.servedTier ?? this.#tier;
        return this.#start();
      case 'text':
        return this.#start() + this.#text('text', event.part, event.text, event.logprobs);
      case 'refusal':
        this.#refused = true;
        return this.#start() + this.#text('refusal', event.part, event.text);
      case 'reasoning':
        return this.#start() + this.#reasoning(event.part, event.text);
      case 'reasoning_proof':
        return this.#start() + this.#proof(event);
      case 'tool_call':
        return this.#start() + this.#call(event);
      case 'tool_arguments':
        return this.#arguments(event.part, event.json);
      case 'media':
        return this.#start() + this.#media(event.media);
      case 'finish':
        this.#finish = event.reason;
        return this.#start();
      case 'usage':
        this.#usage = event.usage;
        this.#tier = event.servedTier ?? this.#tier;
        return '';
      default:
        return '';
    }
  }

  #event(type: string, fields: JsonObject): string {
    return sseFrame(JSON.stringify({ type, ...fields, sequence_number: this.#sequence++ }), type);
  }

  #head(): JsonObject {
    return {
      ...responseHead(this.#request, this.#context, this.#id),
      ...tierField(this.#tier),
      output: this.#items.flatMap((item) => (item.kind === 'done' ? [item.item] : [])),
    };
  }

  #start(): string {
    if (this.#started) return '';
    this.#started = true;
    const response = this.#head();
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response });
  }

  /** Opens an item. What the model wrote before it is done, but for calls: their arguments may still come, interleaved. */
  #open(item: Item, shown: JsonObject): string {
    let out = '';
    for (const [index, earlier] of this.#items.entries()) {
      if (earlier.kind === 'message' || earlier.kind === 'reasoning') out += this.#close(index, false);
    }
    this.#items.push(item);
    return out + this.#event('response.output_item.added', { output_index: this.#items.length - 1, item: shown });
  }

  #text(kind: 'text' | 'refusal', part: number, text: string, logprobs?: Json): string {
    let out = '';
    let item = this.#items.at(-1);
    if (item?.kind !== 'message') {
      const id = itemId('msg', this.#context, this.#items.length);
      item = { kind: 'message', id, content: [], open: undefined };
      out += this.#open(item, messageItem(id, [], 'in_progress'));
    }
    const place = { item_id: item.id, output_index: this.#items.length - 1 };
    if (item.open && (item.open.part !== part || item.open.kind !== kind)) out += this.#closePart(item, place);
    if (!item.open) {
      item.open = { kind, part, text: '', logprobs: [] };
      out += this.#event('response.content_part.added', {
        ...place,
        content_index: item.content.length,
        part: kind === 'text' ? textContent('') : refusalContent(''),
      });
    }
    const { open } = item;
    open.text += text;
    const at = { ...place, content_index: item.content.length, delta: text };
    if (kind === 'refusal') return out + this.#event('response.refusal.delta', at);
    const list = itemLogprobs(logprobs);
    open.logprobs.push(...list);
    return out + this.#event('response.output_text.delta', { ...at, logprobs: list });
  }

  #closePart(item: MessageItem, place: JsonObject): string {
    const { open } = item;
    if (!open) return '';
    item.open = undefined;
    const at = { ...place, content_index: item.content.length };
    const part = open.kind === 'text' ? textContent(open.text, open.logprobs) : refusalContent(open.text);
    item.content.push(part);
    const done =
      open.kind === 'text'
        ? this.#event('response.output_text.done', { ...at, text: open.text, logprobs: open.logprobs })
        : this.#event('response.refusal.done', { ...at, refusal: open.text });
    return done + this.#event('response.content_part.done', { ...at, part });
  }

  #reasoning(part: number, text: string): string {
    if (text === '') return '';
    let out = '';
    let item = this.#items.at(-1);
    if (item?.kind !== 'reasoning' || item.part !== part) {
      const opened = this.#openReasoning(part);
      out += opened.out;
      item = opened.item;
    }
    const place = { item_id: item.id, output_index: this.#items.length - 1, summary_index: 0 };
    if (item.text === '') {
      out += this.#event('response.reasoning_summary_part.added', { ...place, part: summaryText('') });
    }
    item.text += text;
    return out + this.#event('response.reasoning_summary_text.delta', { ...place, delta: text });
  }

  #openReasoning(part: number): { item: ReasoningItem; out: string } {
    const id = itemId('rs', this.#context, this.#items.length);
    const item: ReasoningItem = { kind: 'reasoning', id, part, text: '' };
    return { item, out: this.#open(item, reasoningItem(id, { text: '' }, 'in_progress')) };
  }

  #proof(event: Extract<StreamEvent, { type: 'reasoning_proof' }>): string {
    let out = '';
    let item = this.#items.at(-1);
    if (item?.kind !== 'reasoning' || item.part !== event.part) {
      const opened = this.#openReasoning(event.part);
      out = opened.out;
      item = opened.item;
    }
    item.signature = event.signature ?? item.signature;
    item.encrypted = event.encrypted ?? item.encrypted;
    return out;
  }

  #call(event: Extract<StreamEvent, { type: 'tool_call' }>): string {
    const id = itemId('fc', this.#context, this.#items.length);
    const item: CallItem = {
      kind: 'call',
      id,
      part: event.part,
      callId: event.id,
      name: event.name,
      arguments: '',
      signature: event.signature,
    };
    return this.#open(item, this.#shownCall(item, 'in_progress'));
  }

  #shownCall(item: CallItem, status: 'in_progress' | 'completed' | 'incomplete'): JsonObject {
    const { callId: id, name, arguments: json, signature } = item;
    return callItem(item.id, { id, name, arguments: json, signature }, status);
  }

  #arguments(part: number, json: string): string {
    const index = this.#items.findLastIndex((item) => item.kind === 'call' && item.part === part);
    const item = this.#items[index];
    if (item?.kind !== 'call') return '';
    item.arguments += json;
    return this.#event('response.function_call_arguments.delta', {
      item_id: item.id,
      output_index: index,
      delta: json,
    });
  }

  #media(part: Part): string {
    const item = imageItem(itemId('ig', this.#context, this.#items.length), part);
    if (!item) return '';
    const out = this.#open({ kind: 'done', item }, { ...item, status: 'in_progress', result: null });
    return out + this.#event('response.output_item.done', { output_index: this.#items.length - 1, item });
  }

  /** Ends an item; `cut` says that the model was stopped in its middle. */
  #close(index: number, cut: boolean): string {
    const item = this.#items[index]!;
    const place = { item_id: item.kind === 'done' ? '' : item.id, output_index: index };
    const status = cut ? 'incomplete' : 'completed';
    let out = '';
    let done: JsonObject;
    if (item.kind === 'done') return '';
    if (item.kind === 'message') {
      out += this.#closePart(item, place);
      done = messageItem(item.id, item.content, status);
    } else if (item.kind === 'reasoning') {
      if (item.text !== '') out += this.#closeSummary(item, place);
      done = reasoningItem(item.id, item, status);
    } else {
      const { name, arguments: json } = item;
      out += this.#event('response.function_call_arguments.done', { ...place, name, arguments: json });
      done = this.#shownCall(item, status);
    }
    this.#items[index] = { kind: 'done', item: done };
    return out + this.#event('response.output_item.done', { output_index: index, item: done });
  }

  #closeSummary(item: ReasoningItem, place: JsonObject): string {
    const at = { ...place, summary_index: 0 };
    return (
      this.#event('response.reasoning_summary_text.done', { ...at, text: item.text }) +
      this.#event('response.reasoning_summary_part.done', { ...at, part: summaryText(item.text) })
    );
  }
}
