/**
 * Reflex's own small language. It stands below the providers, so it knows nothing of their `ChatRequest`:
 * the gateway adapts one to the other.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
/** JSON Schema, 2020-12 as far as `schema/validate.ts` says; `true` and `false` are schemas too. */
export type Schema = boolean | JsonObject;

// ---------------------------------------------------------------- chat

export interface ReflexToolCall {
  name: string;
  /** JSON text of an object. */
  arguments: string;
}

export interface ReflexMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  /** All text of the message; for `tool` the result as the tool wrote it. */
  text: string;
  /** Calls that an assistant message made. A user message followed by such a message is an example to learn from. */
  toolCalls?: ReflexToolCall[];
  /** On `tool`: which tool answered, where known. */
  toolName?: string;
  /** On `tool`: the tool failed. */
  isError?: boolean;
}

export interface ReflexTool {
  name: string;
  description?: string;
  /** JSON Schema of the arguments. */
  parameters?: JsonObject;
}

export type ReflexToolChoice = 'auto' | 'none' | 'required' | { name: string };

export type ReflexFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | { type: 'json_schema'; name?: string; schema: Schema };

export interface ReflexRequest {
  messages: ReflexMessage[];
  tools?: ReflexTool[];
  /** `auto` unless said. */
  toolChoice?: ReflexToolChoice;
  /** false: one call at most. */
  parallelToolCalls?: boolean;
  responseFormat?: ReflexFormat;
  /** Output limit in reflex-1 tokens. */
  maxOutputTokens?: number;
  /** IANA zone in which "tomorrow" is meant; UTC unless said. */
  timeZone?: string;
}

/** reflex-1 tokens (`tokens.ts`). */
export interface ReflexUsage {
  input: number;
  output: number;
}

export interface ReflexReply {
  /** Set unless `toolCalls` or `json` is. */
  text?: string;
  toolCalls?: ReflexToolCall[];
  /** JSON text, when the request asked for a JSON format. Validates against its schema (unless `finish` is `length`). */
  json?: string;
  /** `length`: `maxOutputTokens` cut the reply. */
  finish: 'stop' | 'tool_calls' | 'length';
  /** How sure Reflex is of its choice, 0 to 1; 0 where it only says what it is. */
  confidence: number;
  /**
   * Calibrated probability that the answer is right, where it stands on what a trained model was taught; absent where it does not: a
   * question, a notice, a tool or value chosen by words alone. Comparable with `Reflex.trust`.
   */
  trust?: number;
  usage: ReflexUsage;
}

// ---------------------------------------------------------------- understanding

/** A span of a text. `start` and `end` are UTF-16 offsets, `end` exclusive. */
export interface SlotSpan {
  name: string;
  value: string;
  start: number;
  end: number;
}

export interface Example {
  text: string;
  /** `oos` marks a text that belongs to no intent (out of scope). */
  intent: string;
  slots?: SlotSpan[];
  /** What to answer as a chat model. */
  reply?: string;
}

/** A change to a model's examples that counts from the next prediction on. */
export type Change =
  | { add: Example }
  /** Takes back the examples of this text: those of the intent, or all. */
  | { remove: { text: string; intent?: string } };

/** Answers to choose from, by intent. */
export type ReplyTable = Map<string, { text: string; reply: string }[]>;

export interface TrainingProgress {
  /** What the training does: `intents`, `slots`, `calibration` … */
  phase: string;
  done: number;
  of: number;
}

export interface Prediction {
  /** The likeliest intent, or `oos` where the text is out of scope. */
  intent: string;
  /** Calibrated probability that the likeliest intent is right, 0 to 1. */
  confidence: number;
  /** The likeliest intent, whatever the out-of-scope test says. */
  best: string;
  /** 0 (surely in scope) to 1 (surely not); `oos` from the model's own threshold on. */
  outOfScope: number;
  slots: SlotSpan[];
  /** Where the text has several commands: each of them. The other fields are of the text as a whole. */
  parts?: PredictionPart[];
  /** Time this text took, milliseconds. */
  ms: number;
}

/** One command of a text that has several. */
export interface PredictionPart {
  /** What was read: the command's own words, behind or before words that it shares with another ("turn on" of "turn on this and that"). */
  text: string;
  /** Place of its own words in the whole text. */
  start: number;
  end: number;
  intent: string;
  confidence: number;
  /** At their places in the whole text. */
  slots: SlotSpan[];
}

export interface ModelInfo {
  name: string;
  /** Examples that the model has (trained and fast ones together). */
  examples: number;
  intents: string[];
  slotNames: string[];
  /** Serialised size. 0 while untrained. */
  bytes: number;
  train_s: number;
  /** When training ended, milliseconds since 1970 UTC. 0 while untrained. */
  trained_ms: number;
  /** Changes that work already but wait for the next training. */
  pending: number;
  /** Of the training that answers; 0 while untrained. */
  version: number;
  /** Whether it reads texts with English vectors too. */
  vectors: boolean;
}

/** The intent of what belongs to none. */
export const OUT_OF_SCOPE = 'oos';

/** Bounds on everything that callers give. */
export const LIMITS = {
  examples: 200_000,
  /** Examples that one call adds or takes back, and the characters of its JSON: they are learnt before the call is answered. */
  changes: 2_000,
  changeChars: 400_000,
  intents: 2_000,
  slotNames: 500,
  nameChars: 200,
  /** Features read this much of a text. */
  featureChars: 4_000,
  /** Text of one example. */
  exampleChars: 20_000,
  /** Texts of one predict or embed call. */
  texts: 2_048,
  /** All text of one chat request, tool descriptions included. */
  inputChars: 200_000,
  /** All text of one embed call. */
  embedChars: 1_000_000,
  tools: 512,
  modelBytes: 256 * 1024 * 1024,
} as const;
