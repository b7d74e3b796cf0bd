/** The body of `/v1/messages/count_tokens`, counted; may run in a thread of its own (body.worker.ts). */
import { AppError } from '../base/errors.ts';
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
