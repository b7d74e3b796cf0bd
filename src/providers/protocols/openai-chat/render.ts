/** A reply, written as a chat completion and as its chunks (OpenAI API reference: chat/object, chat/streaming). */
import type { AppError } from '../../../base/errors.ts';
import { sseFrame } from '../../../base/sse.ts';
import type { UsageReading } from '../../../contract/usage.ts';
import type {
  ChatRequest,
  Choice,
  FinishReason,
  Json,
  JsonObject,
  Part,
  Reply,
  ReplyContext,
  StreamEvent,
  StreamRenderer,
} from '../../protocol.ts';
import { writeReasoningDetail } from './content.ts';
import { openaiErrorBody } from './errors.ts';
import { dataUrl, isObject } from './fields.ts';
import { writeChatUsage } from './usage.ts';

/** Tiers that the schema knows; others are shown nowhere rather than wrongly. */
const TIERS: ReadonlySet<string> = new Set(['auto', 'default', 'flex', 'scale', 'priority', 'fast']);
/** How long a spoken reply is said to be there; nothing of it is kept, so it can't be named again. */
const AUDIO_LIFETIME_S = 3600;

export const DONE_FRAME = 'data: [DONE]\n\n';

export function renderChat(reply: Reply, _request: ChatRequest, context: ReplyContext): JsonObject {
  const body: JsonObject = {
    id: reply.id ?? `chatcmpl-${context.operation}`,
    object: 'chat.completion',
    created: context.created_s,
    model: context.model,
    choices: reply.choices.map((choice) => renderChoice(choice, context)),
  };
  const usage = writeChatUsage(reply.usage);
  if (usage) body.usage = usage;
  if (reply.servedTier !== undefined && TIERS.has(reply.servedTier)) body.service_tier = reply.servedTier;
  return body;
}

function renderChoice(choice: Choice, context: ReplyContext): JsonObject {
  return {
    index: choice.index,
    message: renderMessage(choice, context),
    logprobs: renderLogprobs(choice.logprobs),
    finish_reason: finishReason(
      choice.finish,
      choice.content.some((part) => part.type === 'refusal'),
      choice.content.some((part) => part.type === 'tool_call'),
    ),
  };
}

function renderMessage(choice: Choice, context: ReplyContext): JsonObject {
  const parts = choice.content;
  const text = textOf(parts, 'text');
  const refusal = textOf(parts, 'refusal');
  const message: JsonObject = {
    role: 'assistant',
    content: text ?? null,
    refusal: refusal ?? null,
  };
  const reasoning = parts.filter((part) => part.type === 'reasoning');
  const thought = reasoning.map((part) => part.text).join('');
  if (thought !== '') message.reasoning_content = thought;
  if (reasoning.some((part) => part.signature !== undefined || part.encrypted !== undefined)) {
    message.reasoning_details = reasoning.map((part, index) => writeReasoningDetail(part, index));
  }
  const calls = parts.filter((part) => part.type === 'tool_call');
  if (calls.length > 0) message.tool_calls = calls.map(renderToolCall);
  const images = parts.filter((part) => part.type === 'image').map(renderImage);
  if (images.length > 0) message.images = images;
  const audio = parts.find((part) => part.type === 'audio');
  if (audio) message.audio = renderAudio(audio, context);
  return message;
}

function textOf(parts: Part[], type: 'text' | 'refusal'): string | undefined {
  let text: string | undefined;
  for (const part of parts) if (part.type === type) text = (text ?? '') + part.text;
  return text;
}

function renderToolCall(call: Extract<Part, { type: 'tool_call' }>): JsonObject {
  const out: JsonObject = {
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  };
  if (call.signature !== undefined) out.extra_content = { google: { thought_signature: call.signature } };
  return out;
}

/** Pictures a model made, as OpenRouter writes them; OpenAI's chat completions have no field for them. */
function renderImage(part: Extract<Part, { type: 'image' }>): JsonObject {
  const { source } = part;
  const url =
    source.kind === 'base64' ? dataUrl(source.mediaType, source.data) : source.kind === 'url' ? source.url : source.id;
  return { type: 'image_url', image_url: { url } };
}

function renderAudio(part: Extract<Part, { type: 'audio' }>, context: ReplyContext): JsonObject {
  return {
    id: `audio_${context.operation}`,
    data: part.source.kind === 'base64' ? part.source.data : '',
    expires_at: context.created_s + AUDIO_LIFETIME_S,
    transcript: '',
  };
}

/** Log probabilities in the common language have this API's own shape: `{content: […], refusal: […] | null}`. */
export function renderLogprobs(logprobs: Json | undefined): JsonObject | null {
  if (!isObject(logprobs)) return null;
  return { ...logprobs, content: logprobs.content ?? null, refusal: logprobs.refusal ?? null };
}

export function finishReason(reason: FinishReason, refused: boolean, called: boolean): string {
  switch (reason) {
    case 'length':
    case 'tool_calls':
    case 'content_filter':
      return reason;
    case 'refusal':
      // OpenAI ends a refusal it has put into words with `stop`.
      return refused ? 'stop' : 'content_filter';
    default:
      return called ? 'tool_calls' : 'stop';
  }
}

interface ChoiceState {
  started: boolean;
  refused: boolean;
  finish: FinishReason | undefined;
  /** Part number → position in `tool_calls`. */
  calls: Map<number, number>;
}

export class ChatStreamRenderer implements StreamRenderer {
  readonly #request: ChatRequest;
  readonly #context: ReplyContext;
  readonly #choices = new Map<number, ChoiceState>();
  #id: string;
  #tier: string | undefined;
  #usage: UsageReading | undefined;

  constructor(request: ChatRequest, context: ReplyContext) {
    this.#request = request;
    this.#context = context;
    this.#id = `chatcmpl-${context.operation}`;
  }

  push(events: readonly StreamEvent[]): string {
    let out = '';
    for (const event of events) out += this.#render(event);
    return out;
  }

  finish(): string {
    let out = '';
    if (this.#choices.size === 0) out += this.#open(0);
    for (const [index, state] of this.#choices) {
      out += this.#frame(index, {}, finishReason(state.finish ?? 'stop', state.refused, state.calls.size > 0));
    }
    if (this.#request.includeUsage) {
      const usage = writeChatUsage(this.#usage);
      if (usage) out += sseFrame(JSON.stringify({ ...this.#head(), choices: [], usage }));
    }
    return out + DONE_FRAME;
  }

  fail(error: AppError): string {
    return sseFrame(JSON.stringify(openaiErrorBody(error)));
  }

  #render(event: StreamEvent): string {
    switch (event.type) {
      case 'start':
        this.#id = event.id ?? this.#id;
        this.#tier = event.servedTier ?? this.#tier;
        return this.#open(0);
      case 'text':
        return this.#delta(event.choice, { content: event.text }, event.logprobs);
      case 'reasoning':
        return this.#delta(event.choice, {
          reasoning_content: event.text,
          // A proof that may follow covers this text, so both are told apart by part, as OpenRouter's clients join them.
          reasoning_details: [writeReasoningDetail({ text: event.text }, event.part)],
        });
      case 'reasoning_proof':
        return this.#delta(event.choice, { reasoning_details: [proofDetail(event)] });
      case 'refusal':
        this.#state(event.choice).refused = true;
        return this.#delta(event.choice, { refusal: event.text });
      case 'tool_call':
        return this.#toolCall(event);
      case 'tool_arguments':
        return this.#delta(event.choice, {
          tool_calls: [{ index: this.#callIndex(event.choice, event.part), function: { arguments: event.json } }],
        });
      case 'media':
        return this.#media(event.choice, event.media);
      case 'finish':
        this.#state(event.choice).finish = event.reason;
        return this.#open(event.choice);
      case 'usage':
        this.#usage = event.usage;
        this.#tier = event.servedTier ?? this.#tier;
        return '';
      default:
        return '';
    }
  }

  #toolCall(event: Extract<StreamEvent, { type: 'tool_call' }>): string {
    const call: JsonObject = {
      index: this.#callIndex(event.choice, event.part),
      id: event.id,
      type: 'function',
      function: { name: event.name, arguments: '' },
    };
    if (event.signature !== undefined) call.extra_content = { google: { thought_signature: event.signature } };
    return this.#delta(event.choice, { tool_calls: [call] });
  }

  #media(choice: number, part: Part): string {
    if (part.type === 'image') return this.#delta(choice, { images: [renderImage(part)] });
    if (part.type === 'audio') return this.#delta(choice, { audio: renderAudio(part, this.#context) });
    return '';
  }

  #callIndex(choice: number, part: number): number {
    const { calls } = this.#state(choice);
    const known = calls.get(part);
    if (known !== undefined) return known;
    calls.set(part, calls.size);
    return calls.size - 1;
  }

  #state(choice: number): ChoiceState {
    let state = this.#choices.get(choice);
    if (!state) {
      state = { started: false, refused: false, finish: undefined, calls: new Map() };
      this.#choices.set(choice, state);
    }
    return state;
  }

  /** The choice's first chunk, which bears its role. */
  #open(choice: number): string {
    const state = this.#state(choice);
    if (state.started) return '';
    state.started = true;
    return this.#frame(choice, { role: 'assistant', content: '', refusal: null }, null);
  }

  #delta(choice: number, delta: JsonObject, logprobs?: Json): string {
    return this.#open(choice) + this.#frame(choice, delta, null, logprobs);
  }

  #frame(choice: number, delta: JsonObject, finish: string | null, logprobs?: Json): string {
    const body = {
      ...this.#head(),
      choices: [{ index: choice, delta, logprobs: renderLogprobs(logprobs), finish_reason: finish }],
    };
    // With usage asked for, every chunk but the last bears a null (OpenAI API reference, stream_options).
    return sseFrame(JSON.stringify(this.#request.includeUsage ? { ...body, usage: null } : body));
  }

  #head(): JsonObject {
    const head: JsonObject = {
      id: this.#id,
      object: 'chat.completion.chunk',
      created: this.#context.created_s,
      model: this.#context.model,
    };
    if (this.#tier !== undefined && TIERS.has(this.#tier)) head.service_tier = this.#tier;
    return head;
  }
}

function proofDetail(event: Extract<StreamEvent, { type: 'reasoning_proof' }>): JsonObject {
  const { signature, encrypted, id, part } = event;
  const detail = writeReasoningDetail({ text: '', signature, encrypted, id }, part);
  if (encrypted === undefined) delete detail.text;
  return detail;
}
