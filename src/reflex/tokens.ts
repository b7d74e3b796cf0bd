/**
 * reflex-1, the tokenizer of the built-in model. A token is one word-like segment of Unicode word segmentation
 * (UAX #29 with the runtime's dictionary for Chinese, Japanese and Thai); spaces, punctuation and symbols are no tokens.
 * Reflex reads words, so the count is exact by definition. It is not comparable with a large model's tokens.
 */
import type { ReflexRequest } from './types.ts';

export const TOKENIZER = 'reflex-1';

const segmenter = new Intl.Segmenter('zh', { granularity: 'word' });

/** reflex-1 tokens of a text. About 0.2 µs a character. */
export function countTokens(text: string): number {
  let count = 0;
  for (const part of segmenter.segment(text)) if (part.isWordLike) count++;
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
  return inputTexts(request).reduce((sum, text) => sum + text.length, 0);
}

export function countInput(request: ReflexRequest): number {
  return inputTexts(request).reduce((sum, text) => sum + countTokens(text), 0);
}

function inputTexts(request: ReflexRequest): string[] {
  const texts: string[] = [];
  for (const message of request.messages) {
    texts.push(message.text);
    for (const call of message.toolCalls ?? []) texts.push(call.name, call.arguments);
  }
  for (const tool of request.tools ?? []) {
    texts.push(tool.name, tool.description ?? '');
    if (tool.parameters) texts.push(JSON.stringify(tool.parameters));
  }
  if (request.responseFormat?.type === 'json_schema') texts.push(JSON.stringify(request.responseFormat.schema));
  return texts;
}
