/**
 * Tokens counted here, where a provider gave no figures: aborted streams, missing usage, count_tokens.
 * A count is exact only for OpenAI's own models; for others it is near, so whoever stores one names the tokenizer with it.
 */

import { Worker } from 'node:worker_threads';
import { workerUrl } from '../base/thread.ts';
import { loadTokenizer, type TokenizerName } from './count-tokens.ts';
import type { CountResult } from './estimate-tokens.worker.ts';
import type { ChatRequest, MediaSource, Part } from './protocol.ts';

export interface TokenEstimate {
  tokens: number;
  /** The table it was counted with: `o200k_base`, `cl100k_base`. */
  tokenizer: TokenizerName;
}

export interface InputEstimate extends TokenEstimate {
  /** Tokens of `tokens` that stand for images, sounds and files, by the constants below. */
  mediaTokens: number;
}

/** Longer texts (UTF-16 units) are counted in a worker thread: text without words costs up to 2 ms per 1,000 characters. */
export const WORKER_FROM_CHARS = 16 * 1024;
/** Of longer texts this much is counted, in pieces from all over, and the rest is taken by its share. */
export const COUNTED_CHARS = 1024 * 1024;
const SAMPLES = 16;

/** Around each message, and before the reply: https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken */
export const TOKENS_PER_MESSAGE = 3;
export const TOKENS_PER_REPLY = 3;
/** Around each tool's definition, beside its JSON. */
export const TOKENS_PER_TOOL = 8;

/** Tokens of one image whose size is not known here (1024 × 1024, high detail), by whose model reads it. */
export const IMAGE_TOKENS = {
  /** 85 + 170 for each of four tiles: https://platform.openai.com/docs/guides/images-vision */
  default: 765,
  low: 85,
  /** width × height ÷ 750, at most about 1,600: https://docs.anthropic.com/en/docs/build-with-claude/vision */
  claude: 1_400,
  /** The default resolution of Gemini 3: https://ai.google.dev/gemini-api/docs/media-resolution */
  gemini: 1_120,
} as const;
/** Gemini's figure; seconds are taken from the bytes at 16 kB/s (128 kbit/s). */
export const AUDIO_TOKENS_PER_S = 32;
const AUDIO_BYTES_PER_S = 16_000;
/** A sound or file that only an address or id is known of. */
export const UNKNOWN_AUDIO_TOKENS = 32 * 60;
export const UNKNOWN_FILE_TOKENS = 5_000;
/** A page of a PDF, text and picture: 1,500 to 3,000 by Anthropic's figures; pages are taken as 50 kB each. */
export const FILE_TOKENS_PER_PAGE = 2_000;
const FILE_BYTES_PER_PAGE = 50_000;

/** The tokenizer of a model, by its name; OpenAI's newer one for all that publish none. */
export function tokenizerFor(model = ''): TokenizerName {
  const id = model.slice(model.lastIndexOf('/') + 1);
  return /^(gpt-3\.5|gpt-4(?![.o\d])|gpt-35|text-embedding-(3|ada))/.test(id) ? 'cl100k_base' : 'o200k_base';
}

/** Tokens of a text. Long texts are counted in a worker; should that fail, four bytes are taken for a token. */
export async function estimateTokens(text: string, model?: string): Promise<TokenEstimate> {
  const tokenizer = tokenizerFor(model);
  if (text === '') return { tokens: 0, tokenizer };
  if (text.length <= WORKER_FROM_CHARS) {
    const count = await loadTokenizer(tokenizer);
    return { tokens: count(text), tokenizer };
  }
  const counted = text.length > COUNTED_CHARS ? sample(text) : text;
  const tokens = await countInWorker(tokenizer, counted).catch(() => Math.ceil(Buffer.byteLength(counted) / 4));
  return { tokens: Math.ceil((tokens * text.length) / counted.length), tokenizer };
}

/** Pieces at even distances, COUNTED_CHARS together: the head of a text may be unlike the rest of it. */
function sample(text: string): string {
  const size = COUNTED_CHARS / SAMPLES;
  const step = (text.length - size) / (SAMPLES - 1);
  const pieces = Array.from({ length: SAMPLES }, (_, index) => {
    const start = Math.floor(index * step);
    return text.slice(start, start + size);
  });
  return pieces.join('');
}

/** Tokens that a request will be counted as by its reader: messages, tools, schema and media. */
export async function estimateInput(request: ChatRequest): Promise<InputEstimate> {
  const texts: string[] = [];
  let tokens = TOKENS_PER_REPLY;
  let mediaTokens = 0;
  for (const message of request.messages) {
    tokens += TOKENS_PER_MESSAGE;
    if (message.name) texts.push(message.name);
    for (const part of message.content) mediaTokens += collect(part, texts, request.model);
  }
  for (const tool of request.tools ?? []) {
    tokens += TOKENS_PER_TOOL;
    texts.push(`${tool.name} ${tool.description ?? ''} ${tool.parameters ? JSON.stringify(tool.parameters) : ''}`);
  }
  if (request.responseFormat?.type === 'json_schema') texts.push(JSON.stringify(request.responseFormat.schema));
  // One text, so that a thousand short messages are counted as one job; the line break costs about what a boundary does.
  const counted = await estimateTokens(texts.join('\n'), request.model);
  return { tokens: tokens + counted.tokens + mediaTokens, tokenizer: counted.tokenizer, mediaTokens };
}

/** Adds a part's texts to `texts`; returns the tokens of its media. */
function collect(part: Part, texts: string[], model: string): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      texts.push(part.text);
      return 0;
    case 'tool_call':
      texts.push(part.name, part.arguments);
      return 0;
    case 'tool_result':
      return part.content.reduce((sum, inner) => sum + collect(inner, texts, model), 0);
    case 'image':
      return imageTokens(part.detail, model);
    case 'audio':
      return part.source.kind === 'base64'
        ? Math.ceil(base64Bytes(part.source) / AUDIO_BYTES_PER_S) * AUDIO_TOKENS_PER_S
        : UNKNOWN_AUDIO_TOKENS;
    case 'file':
      return fileTokens(part.source, texts);
  }
}

function imageTokens(detail: 'low' | 'high' | 'auto' | undefined, model: string): number {
  if (/claude/i.test(model)) return IMAGE_TOKENS.claude;
  if (/gemini/i.test(model)) return IMAGE_TOKENS.gemini;
  return detail === 'low' ? IMAGE_TOKENS.low : IMAGE_TOKENS.default;
}

function fileTokens(source: MediaSource, texts: string[]): number {
  if (source.kind !== 'base64') return UNKNOWN_FILE_TOKENS;
  if (source.mediaType.startsWith('text/')) {
    texts.push(Buffer.from(source.data, 'base64').toString('utf8'));
    return 0;
  }
  return Math.max(1, Math.ceil(base64Bytes(source) / FILE_BYTES_PER_PAGE)) * FILE_TOKENS_PER_PAGE;
}

function base64Bytes(source: { data: string }): number {
  return Math.floor((source.data.length * 3) / 4);
}

// ---------------------------------------------------------------- the worker

interface Waiting {
  resolve(tokens: number): void;
  reject(error: Error): void;
}

/** One worker for the process, started by the first long text and gone when none came for a while. */
let worker: Worker | undefined;
let idleTimer: NodeJS.Timeout | undefined;
let nextId = 0;
const waiting = new Map<number, Waiting>();
const IDLE_MS = 30_000;
/** Jobs in the queue past which a count is not waited for; each may hold a text of COUNTED_CHARS. */
const MAX_WAITING = 64;

function countInWorker(tokenizer: TokenizerName, text: string): Promise<number> {
  if (waiting.size >= MAX_WAITING) return Promise.reject(new Error('too many texts are waiting to be counted'));
  worker ??= startWorker();
  clearTimeout(idleTimer);
  const id = nextId++;
  const done = new Promise<number>((resolve, reject) => waiting.set(id, { resolve, reject }));
  // While it counts it keeps the process alive; idle, it does not.
  worker.ref();
  worker.postMessage({ id, tokenizer, text });
  return done;
}

function startWorker(): Worker {
  // The published package holds JavaScript, the repository TypeScript.
  const started = new Worker(workerUrl('./estimate-tokens.worker', import.meta.url));
  started.on('message', (result: CountResult) => settle(result));
  started.on('error', (error) =>
    abandon(started, error instanceof Error ? error : new Error('the counting thread failed')),
  );
  started.on('exit', () => abandon(started, new Error('the counting thread ended')));
  return started;
}

function settle(result: CountResult): void {
  const job = waiting.get(result.id);
  waiting.delete(result.id);
  if ('tokens' in result) job?.resolve(result.tokens);
  else job?.reject(new Error(result.error));
  if (waiting.size > 0) return;
  worker?.unref();
  idleTimer = setTimeout(() => void stopCounting(), IDLE_MS);
  idleTimer.unref();
}

function abandon(gone: Worker, error: Error): void {
  if (worker !== gone) return;
  worker = undefined;
  for (const job of waiting.values()) job.reject(error);
  waiting.clear();
}

/** Ends the counting thread, for shutdown and tests; texts still waiting are then counted by their bytes. */
export async function stopCounting(): Promise<void> {
  clearTimeout(idleTimer);
  await worker?.terminate();
}
