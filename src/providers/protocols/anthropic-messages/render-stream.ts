/** Streams of any provider as a stream of Messages events. */
import type { AppError } from '../../../base/errors.ts';
import { sseFrame } from '../../../base/sse.ts';
import type { UsageReading } from '../../../contract/usage.ts';
import type { FinishReason, JsonObject, ReplyContext, StreamEvent, StreamRenderer } from '../../protocol.ts';
import { messagesErrorBody } from './errors.ts';
import { writeForeign } from './foreign.ts';
import { emptyMessage, mediaNote, reasoningProof, renderUsage, stopDetails, toolUse } from './render.ts';
import { stopFromFinish } from './stops.ts';

type PartEvent = Extract<StreamEvent, { part: number }>;
type BlockKind = 'text' | 'thinking' | 'tool_use';

interface OpenBlock {
  part: number;
  kind: BlockKind;
  index: number;
  /** Arguments so far, of a tool call. */
  json: string;
  /** How long they were when they were last looked at and found incomplete. */
  incompleteAt: number;
}

/**
 * Blocks of this format are open one at a time and a tool call's can't be reopened. Text and thinking close as soon as another part
 * begins; while a tool call's arguments are incomplete, events of other parts wait.
 */
export class MessagesRenderer implements StreamRenderer {
  #context: ReplyContext;
  #id: string | undefined;
  #started = false;
  #nextIndex = 0;
  #open: OpenBlock | undefined;
  #waiting: PartEvent[] = [];
  #closedCalls = new Set<number>();
  #hasToolCalls = false;
  #finish: FinishReason = 'stop';
  #stopSequence: string | undefined;
  #usage: UsageReading | undefined;
  #servedTier: string | undefined;
  #out = '';

  constructor(context: ReplyContext) {
    this.#context = context;
  }

  push(events: readonly StreamEvent[]): string {
    for (const event of events) this.#take(event);
    // Only now, so that usage which came along with the start is in message_start.
    if (events.some((event) => event.type === 'start')) this.#start();
    return this.#flush();
  }

  finish(): string {
    this.#start();
    this.#closeBlock();
    this.#drain(true);
    const stop = stopFromFinish(this.#finish, this.#hasToolCalls);
    this.#send('message_delta', {
      delta: {
        stop_reason: stop,
        stop_sequence: this.#stopSequence ?? null,
        stop_details: stopDetails(stop),
        container: null,
      },
      usage: deltaUsage(renderUsage(this.#usage, this.#servedTier)),
    });
    this.#send('message_stop', {});
    return this.#flush();
  }

  fail(error: AppError): string {
    return sseFrame(JSON.stringify(messagesErrorBody(error)), 'error');
  }

  #take(event: StreamEvent): void {
    switch (event.type) {
      case 'start':
        this.#id ??= event.id;
        this.#servedTier = event.servedTier ?? this.#servedTier;
        return;
      case 'usage':
        this.#usage = event.usage;
        this.#servedTier = event.servedTier ?? this.#servedTier;
        return;
      case 'finish':
        if (event.choice !== 0) return;
        this.#finish = event.reason;
        this.#stopSequence = event.stopSequence;
        return;
      case 'error':
      case 'end':
        return;
      default:
        if (event.choice === 0) this.#partEvent(event);
    }
  }

  #partEvent(event: PartEvent): void {
    const open = this.#open;
    if (open && open.part !== event.part && !this.#canClose(open)) {
      this.#waiting.push(event);
      return;
    }
    this.#emit(event);
    if (this.#waiting.length > 0 && (!this.#open || this.#canClose(this.#open))) this.#drain(false);
  }

  /** Sends what waited, part by part, as far as complete tool calls allow, or all of it. */
  #drain(force: boolean): void {
    while (this.#waiting.length > 0 && (force || !this.#open || this.#canClose(this.#open))) {
      const part = this.#waiting[0]!.part;
      const own = this.#waiting.filter((event) => event.part === part);
      this.#waiting = this.#waiting.filter((event) => event.part !== part);
      for (const event of own) this.#emit(event);
      if (force) this.#closeBlock();
    }
    if (force) this.#closeBlock();
  }

  #canClose(open: OpenBlock): boolean {
    if (open.kind !== 'tool_use') return true;
    if (open.incompleteAt === open.json.length || !open.json.trimEnd().endsWith('}')) return false;
    try {
      JSON.parse(open.json);
      return true;
    } catch {
      open.incompleteAt = open.json.length;
      return false;
    }
  }

  #emit(event: PartEvent): void {
    switch (event.type) {
      case 'text':
      case 'refusal':
        if (event.text !== '') this.#delta(event.part, 'text', { type: 'text_delta', text: event.text });
        return;
      case 'reasoning':
        if (event.text !== '') this.#delta(event.part, 'thinking', { type: 'thinking_delta', thinking: event.text });
        return;
      case 'reasoning_proof':
        this.#proof(event);
        return;
      case 'tool_call':
        this.#toolCall(event);
        return;
      case 'tool_arguments':
        this.#arguments(event.part, event.json);
        return;
      case 'media':
        this.#delta(event.part, 'text', { type: 'text_delta', text: mediaNote(event.media) });
        this.#closeBlock();
    }
  }

  #proof(event: Extract<StreamEvent, { type: 'reasoning_proof' }>): void {
    const shown = this.#open?.part === event.part && this.#open.kind === 'thinking';
    const proof = reasoningProof({ ...event, text: shown ? 'shown' : '' });
    if (!shown && event.encrypted !== undefined) {
      this.#openBlock(event.part, 'text', { type: 'redacted_thinking', data: proof });
      this.#closeBlock();
    } else if (proof !== '') this.#delta(event.part, 'thinking', { type: 'signature_delta', signature: proof });
  }

  #toolCall(event: Extract<StreamEvent, { type: 'tool_call' }>): void {
    this.#hasToolCalls = true;
    if (event.signature !== undefined) {
      this.#delta(event.part, 'thinking', {
        type: 'signature_delta',
        signature: writeForeign({ kind: 'call', id: event.id, value: event.signature }),
      });
    }
    this.#openBlock(event.part, 'tool_use', toolUse(event.id, event.name, {}));
  }

  #arguments(part: number, json: string): void {
    // A block that was closed had complete arguments; more of them can only be white space.
    if (json === '' || this.#closedCalls.has(part)) return;
    if (this.#open?.part !== part || this.#open.kind !== 'tool_use') return;
    this.#open.json += json;
    this.#send('content_block_delta', {
      index: this.#open.index,
      delta: { type: 'input_json_delta', partial_json: json },
    });
  }

  #delta(part: number, kind: BlockKind, delta: JsonObject): void {
    if (this.#open?.part !== part || this.#open.kind !== kind) {
      this.#openBlock(
        part,
        kind,
        kind === 'text'
          ? { type: 'text', text: '', citations: null }
          : { type: 'thinking', thinking: '', signature: '' },
      );
    }
    this.#send('content_block_delta', { index: this.#open!.index, delta });
  }

  #openBlock(part: number, kind: BlockKind, block: JsonObject): void {
    this.#closeBlock();
    this.#open = { part, kind, index: this.#nextIndex++, json: '', incompleteAt: -1 };
    this.#send('content_block_start', { index: this.#open.index, content_block: block });
  }

  #closeBlock(): void {
    if (!this.#open) return;
    if (this.#open.kind === 'tool_use') this.#closedCalls.add(this.#open.part);
    this.#send('content_block_stop', { index: this.#open.index });
    this.#open = undefined;
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    const message = { ...emptyMessage(this.#id, this.#context), usage: renderUsage(this.#usage, this.#servedTier) };
    this.#send('message_start', { message });
  }

  #send(type: string, fields: JsonObject): void {
    this.#start();
    this.#out += sseFrame(JSON.stringify({ type, ...fields }), type);
  }

  #flush(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }
}

/** The cumulative figures that a message_delta may state. */
function deltaUsage(usage: JsonObject): JsonObject {
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } = usage;
  return {
    input_tokens: input_tokens!,
    cache_creation_input_tokens: cache_creation_input_tokens!,
    cache_read_input_tokens: cache_read_input_tokens!,
    output_tokens: output_tokens!,
    output_tokens_details: usage.output_tokens_details!,
    server_tool_use: usage.server_tool_use!,
  };
}
