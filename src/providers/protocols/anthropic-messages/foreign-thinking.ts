/**
 * Conversations that began at another provider and pass through to Anthropic: thinking that Anthropic did not sign fails the whole call,
 * so it is left out. Which it is: Anthropic always signs, in base64; this surface's own marks (foreign.ts) and Gemini's bear a colon or a prefix.
 */
import type { ApiTarget, Json, JsonObject } from '../../protocol.ts';
import { claudeTraits } from './claude.ts';
import { isObject } from './fields.ts';
import { readForeign } from './foreign.ts';

export interface Cleaned {
  /** Top-level fields in their new form. */
  fields: { messages: Json[]; thinking?: JsonObject };
  leftOut: string[];
}

/** Undefined where there is nothing to leave out, which is the rule. */
export function withoutForeignThinking(bytes: Uint8Array, body: JsonObject, target: ApiTarget): Cleaned | undefined {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('thinking"')) return undefined;
  if (!Array.isArray(body.messages)) return undefined;
  let changed = false;
  let openCall = false;
  const messages = body.messages.flatMap((message): Json[] => {
    if (!isObject(message) || message.role !== 'assistant' || !Array.isArray(message.content)) return [message];
    const content = message.content.filter((block) => !isForeignThinking(block));
    openCall = false;
    if (content.length === message.content.length) return [message];
    changed = true;
    openCall = content.some((block) => isObject(block) && block.type === 'tool_use');
    return content.length === 0 ? [] : [{ ...message, content }];
  });
  if (!changed) return undefined;
  const cleaned: Cleaned = { fields: { messages }, leftOut: ['reasoning'] };
  // Models with budgets refuse to think on in a turn whose beginning is not theirs.
  if (
    openCall &&
    claudeTraits(target.model).thinking === 'budget' &&
    isObject(body.thinking) &&
    body.thinking.type === 'enabled'
  ) {
    cleaned.fields.thinking = { type: 'disabled' };
    cleaned.leftOut.push('thinking');
  }
  return cleaned;
}

function isForeignThinking(block: Json): boolean {
  if (!isObject(block)) return false;
  if (block.type === 'redacted_thinking')
    return typeof block.data === 'string' && readForeign(block.data) !== undefined;
  if (block.type !== 'thinking') return false;
  const { signature } = block;
  return (
    typeof signature !== 'string' || signature === '' || signature.includes(':') || readForeign(signature) !== undefined
  );
}
