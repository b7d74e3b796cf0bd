/**
 * The common language between the surfaces that clients speak and the APIs that providers speak.
 *
 * A surface parses a client's body into a `ChatRequest` and renders a `Reply` (or its events) back;
 * an API builds an upstream request from a `ChatRequest` and parses what comes back. N surfaces and M APIs
 * meet here and nowhere else, so a new one is one file. Where both ends speak the same format, bytes pass through
 * and only frames that bear usage are read (`Passthrough`).
 */
import type { AppError } from '../base/errors.ts';
import type { UsageReading } from '../contract/usage.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** What clients speak to us. Ark's `/api/v3` is `chat`, `responses` and `embeddings` with the `ark` error dialect. */
export type SurfaceName = 'chat' | 'responses' | 'messages' | 'embeddings';
/** What providers speak to us. */
export type ApiName =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'anthropic-messages'
  | 'gemini-generate'
  | 'gemini-embeddings'
  | 'ollama-chat'
  | 'ollama-embeddings'
  | 'bedrock-converse';
/** The `protocol` of a provider in tokenworks.yaml; `reflex` is the built-in model. */
export type ProtocolName =
  | 'openai'
  | 'anthropic'
  | 'gemini'
  | 'ark'
  | 'ollama'
  | 'azure'
  | 'vertex'
  | 'bedrock'
  | 'gguf'
  | 'reflex';

// ---------------------------------------------------------------- requests

export type MediaSource =
  | { kind: 'url'; url: string }
  | { kind: 'base64'; mediaType: string; data: string }
  | { kind: 'file_id'; id: string };

export interface CacheControl {
  ttl: '5m' | '1h';
}

export type Part =
  | { type: 'text'; text: string; cache?: CacheControl; citations?: Json }
  | { type: 'image'; source: MediaSource; detail?: 'low' | 'high' | 'auto'; cache?: CacheControl }
  | { type: 'audio'; source: MediaSource; format?: string }
  | { type: 'file'; source: MediaSource; filename?: string; cache?: CacheControl }
  /** Reasoning that a model wrote earlier. `signature` proves it to the provider that made it; `encrypted` replaces its text. */
  | { type: 'reasoning'; text: string; signature?: string; encrypted?: string; id?: string }
  /** `arguments` is JSON text, as the model wrote it. `signature`: Gemini's thought signature on a call. */
  | { type: 'tool_call'; id: string; name: string; arguments: string; signature?: string; cache?: CacheControl }
  | { type: 'tool_result'; callId: string; name?: string; content: Part[]; isError?: boolean; cache?: CacheControl }
  | { type: 'refusal'; text: string };

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

export interface Message {
  role: Role;
  content: Part[];
  name?: string;
}

export interface Tool {
  name: string;
  description?: string;
  /** JSON Schema of the arguments. */
  parameters?: JsonObject;
  strict?: boolean;
  cache?: CacheControl;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { name: string };

export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | { type: 'json_schema'; name: string; description?: string; schema: JsonObject; strict?: boolean };

export interface Reasoning {
  /** The caller's wish; each API maps it to its own scale. `none` turns reasoning off. */
  effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';
  /** Tokens that may be spent on reasoning (Anthropic's budget_tokens, Gemini's thinkingBudget). */
  budgetTokens?: number;
  /** Ark, Zhipu: thinking.type `auto`; Anthropic: `adaptive`. */
  mode?: 'enabled' | 'disabled' | 'auto';
  /** Whether the caller wants to see summaries of reasoning. */
  summary?: 'auto' | 'concise' | 'detailed' | 'none';
}

export interface ChatRequest {
  /** The model name as the caller wrote it. */
  model: string;
  messages: Message[];
  stream: boolean;
  /** The caller asked for usage in the stream (`stream_options.include_usage`); surfaces that always show it set true. */
  includeUsage: boolean;
  maxOutputTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  stop?: string[];
  seed?: number;
  /** Choices wanted; 1 unless the caller said otherwise. */
  n: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  logprobs?: boolean;
  topLogprobs?: number;
  tools?: Tool[];
  toolChoice?: ToolChoice;
  parallelToolCalls?: boolean;
  responseFormat?: ResponseFormat;
  reasoning?: Reasoning;
  user?: string;
  serviceTier?: string;
  metadata?: { [key: string]: string };
  /** Fields of the caller's body that the common language has no word for: name → value. An API that can't carry one lists it in `warnings`. */
  extra: JsonObject;
}

export interface EmbeddingRequest {
  model: string;
  /** Texts, or token arrays. */
  input: string[] | number[][];
  dimensions?: number;
  encodingFormat: 'float' | 'base64';
  user?: string;
  extra: JsonObject;
}

export interface EmbeddingReply {
  model: string;
  vectors: number[][];
  usage?: UsageReading;
}

// ---------------------------------------------------------------- replies

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'refusal' | 'stop_sequence' | 'pause';

export interface Choice {
  index: number;
  /** text, reasoning, tool_call, refusal, image or audio parts, in the order the model wrote them. */
  content: Part[];
  finish: FinishReason;
  /** The stop sequence that ended it, when the provider says which. */
  stopSequence?: string;
  logprobs?: Json;
}

export interface Reply {
  /** The provider's id of this reply. */
  id?: string;
  /** The model that the provider says answered. */
  model?: string;
  choices: Choice[];
  usage?: UsageReading;
  /** The tier the provider says it served (`default`, `flex`, `priority`, `fast` …); prices depend on it. */
  servedTier?: string;
}

/** A streamed reply, step by step. `choice` is the choice's index, `part` counts a choice's parts from 0. */
export type StreamEvent =
  | { type: 'start'; id?: string; model?: string; servedTier?: string }
  | { type: 'text'; choice: number; part: number; text: string; logprobs?: Json }
  | { type: 'refusal'; choice: number; part: number; text: string }
  | { type: 'reasoning'; choice: number; part: number; text: string }
  /** Ends a reasoning part: its proof, or its encrypted form. */
  | { type: 'reasoning_proof'; choice: number; part: number; signature?: string; encrypted?: string; id?: string }
  | { type: 'tool_call'; choice: number; part: number; id: string; name: string; signature?: string }
  | { type: 'tool_arguments'; choice: number; part: number; json: string }
  | { type: 'media'; choice: number; part: number; media: Part }
  | { type: 'finish'; choice: number; reason: FinishReason; stopSequence?: string }
  /** Later readings replace earlier ones (cumulative protocols). */
  | { type: 'usage'; usage: UsageReading; servedTier?: string }
  /** The provider reported a failure inside the stream. */
  | { type: 'error'; error: AppError }
  /** The protocol's own end mark was seen (`[DONE]`, `message_stop`, EOF where that is the end). */
  | { type: 'end' };

// ---------------------------------------------------------------- surfaces

/** What the pipeline has to know of a body before anything else; reading it checks the types of these fields. */
export interface Envelope {
  model: string;
  stream: boolean;
  includeUsage: boolean;
  /** The request's own output limit in tokens, if it set one. */
  maxOutputTokens?: number;
  n: number;
  user?: string;
}

/** Bounds on what a body may cost to read. */
export interface InputBound {
  /** UTF-8 bytes of the body outside inline media. */
  textBytes: number;
  images: number;
  audios: number;
  files: number;
  /** URLs in the body that somebody will have to fetch. */
  urls: string[];
  /** The model also reads what is kept at the provider (an earlier response, a stored prompt), of a length nobody here knows. */
  unseen?: boolean;
}

export interface StreamRenderer {
  /** Bytes to send for these events; may be empty. Never includes the surface's last frame. */
  push(events: readonly StreamEvent[]): string;
  /** The surface's closing frames (finish, usage, `[DONE]` / `message_stop` / `response.completed`), sent after the call is recorded. */
  finish(): string;
  /** The surface's own error event; nothing follows it. */
  fail(error: AppError): string;
}

export interface ReplyContext {
  /** Our operation id; surfaces use it where the provider gave none. */
  operation: string;
  /** The model name to show: the one the caller asked for. */
  model: string;
  created_s: number;
}

export interface Surface {
  name: SurfaceName;
  /** The API whose bytes this surface can pass through. */
  api: ApiName;
  envelope(body: JsonObject): Envelope;
  inputBound(body: JsonObject, bodyBytes: number): InputBound;
  /** Throws AppError `invalid_request` with the offending field's path as `param`. */
  parse(body: JsonObject): ChatRequest;
  render(reply: Reply, request: ChatRequest, context: ReplyContext): JsonObject;
  openStream(request: ChatRequest, context: ReplyContext): StreamRenderer;
}

// ---------------------------------------------------------------- APIs

/** Deviations of one provider from its protocol, as data. */
export interface Quirks {
  /** The field that limits output on openai-chat. Default `max_completion_tokens`. */
  limitField?: 'max_tokens' | 'max_completion_tokens';
  /** false: the provider refuses `stream_options`. Default true. */
  streamOptions?: boolean;
  /** xAI: `completion_tokens` leaves reasoning out. */
  completionExcludesReasoning?: boolean;
  /** Where reasoning text is on openai-chat. Default `reasoning_content`. */
  reasoningField?: 'reasoning_content' | 'reasoning';
  /** How a wish for reasoning is written on openai-chat. Default `reasoning_effort`. */
  reasoningParam?: 'reasoning_effort' | 'thinking' | 'enable_thinking' | 'reasoning' | 'none';
  /** Whether `response_format: json_schema` is understood. Default true. */
  jsonSchema?: boolean;
  /** System messages may use the role `developer`. Default false: written as `system`. */
  developerRole?: boolean;
  /** Whether the provider's n is more than 1. Default true on openai-chat. */
  manyChoices?: boolean;
  /** Top-level fields this provider refuses; dropped with a warning. */
  refuses?: string[];
}

/** What an API has to know of the deployment it builds for. */
export interface ApiTarget {
  /** The provider's id of the model. */
  model: string;
  quirks: Quirks;
  /** The model's largest output, where known; Anthropic requires a limit. */
  maxOutput?: number;
}

export interface BuiltRequest {
  /** Path below the provider's base URL, with query (`/chat/completions`, `/models/x:streamGenerateContent?alt=sse`). */
  path: string;
  headers: Record<string, string>;
  body: JsonObject;
  /** What could not be carried over and was left out: short names such as `logprobs`, `seed`. */
  warnings: string[];
}

export interface StreamDecoder {
  /** Bytes as they come from upstream, cut anywhere. Malformed frames become an `error` event (upstream_error). */
  push(chunk: Uint8Array): StreamEvent[];
  /** Upstream closed its side. Emits `end` where EOF is the protocol's end mark. */
  end(): StreamEvent[];
}

/** What a reply that passed through said, read without changing it. */
export interface ReplyFacts {
  usage?: UsageReading;
  servedTier?: string;
  model?: string;
  /** All text the model wrote (text, reasoning, tool arguments), for counting where usage is missing. */
  text(): string;
}

export interface StreamScanner {
  /**
   * Reads a chunk cut anywhere; returns what may go to the client now. Frames are never split; the closing frames
   * (from the end mark on) are withheld until `finish`. Frames the client did not ask for (usage) are left out.
   */
  push(chunk: Uint8Array): Uint8Array | string | undefined;
  /** Upstream closed its side: anything incomplete that is left is an error. */
  end(): void;
  /** The withheld closing frames. */
  finish(): Uint8Array | string;
  readonly usage: UsageReading | undefined;
  readonly servedTier: string | undefined;
  /** A stop reason was seen, so the model has ended and only bookkeeping follows. */
  readonly stopSeen: boolean;
  /** The protocol's end mark was seen. */
  readonly complete: boolean;
  /** The provider reported a failure inside the stream, or a frame was malformed. */
  readonly error: AppError | undefined;
  /** Upper bound of the tokens delivered so far: UTF-8 bytes of all deltas, plus one for each frame. */
  readonly outputBound: number;
  /** The text delivered so far, for counting when the stream breaks (the last 1 MiB of it). */
  text(): string;
}

export interface PassthroughChanges {
  model: string;
  /** Ask upstream for usage in the stream. */
  askUsage: boolean;
  /** Output limit to send, when a budget asks for one. */
  maxOutputTokens?: number;
}

export interface Passthrough {
  path(target: ApiTarget, stream: boolean): string;
  headers?(body: JsonObject): Record<string, string>;
  /** The client's bytes with only these top-level fields changed. */
  rewrite(bytes: Uint8Array, body: JsonObject, changes: PassthroughChanges, target: ApiTarget): Uint8Array;
  /**
   * Names what `rewrite` leaves out: proofs and fields that other providers' models put into this conversation, and that this provider
   * refuses a whole call for. Empty as a rule, at the cost of a search through the bytes.
   */
  leftOut?(bytes: Uint8Array, body: JsonObject, target: ApiTarget): string[];
  facts(reply: JsonObject, target: ApiTarget): ReplyFacts;
  openScanner(target: ApiTarget, options: { showUsage: boolean }): StreamScanner;
  /** The surface's frames that end a stream because a budget ended (finish reason "length"). */
  cut(scanner: StreamScanner): string;
}

export interface Api {
  name: ApiName;
  /** Media given by URL must be fetched by us and sent inline. */
  inlineMedia: boolean;
  /** Whether a limit on output leaves reasoning out (then a hold has to add the model's maximum). */
  limitExcludesReasoning: boolean;
  /** Throws AppError `invalid_request` (with `param`) for what can neither be carried over nor be left out safely. */
  build(request: ChatRequest, target: ApiTarget): BuiltRequest;
  parse(body: JsonObject, target: ApiTarget): Reply;
  openStream(target: ApiTarget): StreamDecoder;
  /** An upstream failure as one of our codes: 429 → rate_limited, context overflow → context_too_long, 5xx → upstream_error … */
  parseError(status: number, headers: Record<string, string | string[] | undefined>, body: string): AppError;
  passthrough?: Passthrough;
}

export interface EmbeddingsApi {
  name: ApiName;
  build(request: EmbeddingRequest, target: ApiTarget): BuiltRequest;
  parse(body: JsonObject, request: EmbeddingRequest, target: ApiTarget): EmbeddingReply;
  parseError(status: number, headers: Record<string, string | string[] | undefined>, body: string): AppError;
  passthrough?: Pick<Passthrough, 'path' | 'rewrite' | 'facts'>;
}

// ---------------------------------------------------------------- providers

export interface SignedRequest {
  method: 'POST' | 'GET';
  url: URL;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** One provider as data; each lives in a file of its own in providers/. */
export interface ProviderDefinition {
  /** Default name (`openai`); the prefix of its models. */
  name: string;
  /** Shown to people. */
  title: string;
  protocol: ProtocolName;
  /** Environment variable that holds the key; its presence switches the provider on. */
  env?: string;
  baseUrl?: string;
  /** The `provider` of its rows in the price book. */
  priceProvider?: string;
  quirks?: Quirks;
  /** APIs it serves beside the protocol's main one. */
  apis: ApiName[];
}
