/** The body of `/v1/messages/count_tokens`, counted: JSON of a few megabytes takes a second to parse and check, so in a thread of its own. */
import { AppError } from '../base/errors.ts';
import { openThread, workerUrl } from '../base/thread.ts';
import { estimateInput, type JsonObject } from '../providers/index.ts';
import { parseCountTokens } from '../providers/protocols/anthropic-messages/index.ts';
import { parseJson } from './middleware/body.ts';

export interface CountedBody {
  model: string;
  tokens: number;
  /** The table it was counted with. */
  tokenizer: string;
}

/** Throws AppError `invalid_request`. */
export async function countTokensOf(body: Buffer): Promise<CountedBody> {
  const value = parseJson(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AppError('invalid_request', 'The body must be a JSON object.');
  const request = parseCountTokens(value as JsonObject);
  const { tokens, tokenizer } = await estimateInput(request);
  return { model: request.model, tokens, tokenizer };
}

const IDLE_MS = 30_000;
const MAX_WAITING = 32;
const MAX_HEAP_MB = 1_024;

/** countTokensOf in a thread that starts with the first body and ends when none came for half a minute. The bytes may move there. */
export function openCounter(): (body: Buffer) => Promise<CountedBody> {
  const thread = openThread<Uint8Array>(workerUrl('./count-tokens.worker', import.meta.url), {
    name: 'count-tokens',
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    idle_ms: IDLE_MS,
    maxWaiting: MAX_WAITING,
    lost: 'The body could not be read.',
  });
  return (body) => {
    const isWhole = body.byteLength === body.buffer.byteLength;
    return thread.ask(body, isWhole ? [body.buffer as ArrayBuffer] : []);
  };
}
