/**
 * reflex-1, the tokenizer of the built-in model. A token is one word-like segment of Unicode word segmentation
 * (UAX #29 with the runtime's dictionary for Chinese, Japanese and Thai); spaces, punctuation and symbols are no tokens.
 * Reflex reads words, so the count is exact by definition. It is not comparable with a large model's tokens.
 */
import type { ReflexRequest } from '../types.ts';

export const TOKENIZER = 'reflex-1';

const segmenter = new Intl.Segmenter('zh', { granularity: 'word' });

/** reflex-1 tokens of a text. About 0.2 µs a character. */
export function countTokens(text: string): number {
  let count = 0;
  for (const part of segmenter.segment(text)) if (part.isWordLike) count++;
  return count;
}

/** Counts of what comes with every turn of a conversation: tools and schemas, never what somebody said. */
const counts = new Map<string, number>();
const MOST_COUNTS = 2_000;
const COUNTED_CHARS = 4_000;

function countAgain(text: string): number {
  if (text.length < 40 || text.length > COUNTED_CHARS) return countTokens(text);
  const old = counts.get(text);
  if (old !== undefined) return old;
  const count = countTokens(text);
  if (counts.size >= MOST_COUNTS) counts.clear();
  counts.set(text, count);
  return count;
}

/** The first `limit` tokens of a text, with what stands before and between them; the whole text where it has no more. */
export function firstTokens(text: string, limit: number): { text: string; cut: boolean } {
  let count = 0;
  for (const part of segmenter.segment(text)) {
    if (!part.isWordLike) continue;
    if (count === limit) return { text: text.slice(0, part.index).trimEnd(), cut: true };
    count++;
  }
  return { text, cut: false };
}

/** Everything that a request brings: messages, calls in them, tools and the schema. Characters, for a bound before counting. */
export function inputChars(request: ReflexRequest): number {
  return [...messageTexts(request), ...toolTexts(request)].reduce((sum, text) => sum + text.length, 0);
}

export function countInput(request: ReflexRequest): number {
  let count = 0;
  for (const text of messageTexts(request)) count += countTokens(text);
  for (const text of toolTexts(request)) count += countAgain(text);
  return count;
}

function messageTexts(request: ReflexRequest): string[] {
  const texts: string[] = [];
  for (const message of request.messages) {
    texts.push(message.text);
    for (const call of message.toolCalls ?? []) texts.push(call.name, call.arguments);
  }
  return texts;
}

function toolTexts(request: ReflexRequest): string[] {
  const texts: string[] = [];
  for (const tool of request.tools ?? []) {
    texts.push(tool.name, tool.description ?? '');
    if (tool.parameters) texts.push(JSON.stringify(tool.parameters));
  }
  if (request.responseFormat?.type === 'json_schema') texts.push(JSON.stringify(request.responseFormat.schema));
  return texts;
}
