/** Vectors of hashed n-grams, for finding texts that share words and characters. */

import { AppError } from '../../base/errors.ts';
import { LIMITS } from '../types.ts';
import { hashText } from './hash.ts';
import { meanings } from './lexicon.ts';
import { fold, stem, words } from './text.ts';
import { countTokens } from './tokens.ts';

const MIN_DIMENSIONS = 16;
export const MAX_DIMENSIONS = 4_096;

export interface Embedded {
  vectors: Float32Array[];
  /** reflex-1 tokens of the whole texts. */
  usage: { input: number };
}

/**
 * One unit-length vector a text (a zero vector where the text has no letter or digit). Each word, stem, word pair and
 * character n-gram is hashed to a place and a sign; the meanings of a small lexicon make a few English and Chinese words meet.
 * These are lexical vectors: texts come close when they share words, not when they mean the same in other words.
 * Reads the first 4,000 characters of each. Throws AppError `invalid_request` for dimensions outside 16 to 4,096 and for too many texts,
 * `context_too_long` past a million characters.
 */
export function embed(texts: readonly string[], dimensions = 256): Embedded {
  if (!Number.isInteger(dimensions) || dimensions < MIN_DIMENSIONS || dimensions > MAX_DIMENSIONS) {
    throw new AppError(
      'invalid_request',
      `dimensions must be a whole number from ${MIN_DIMENSIONS} to ${MAX_DIMENSIONS}.`,
      { param: 'dimensions' },
    );
  }
  if (texts.length > LIMITS.texts)
    throw new AppError(
      'invalid_request',
      `input may hold ${LIMITS.texts} texts at most; send the rest in another call.`,
      { param: 'input' },
    );
  if (texts.reduce((sum, text) => sum + text.length, 0) > LIMITS.embedChars) {
    throw new AppError(
      'context_too_long',
      `Reflex embeds ${LIMITS.embedChars} characters at most in one call; send the rest in another.`,
      { param: 'input' },
    );
  }
  return {
    vectors: texts.map((text) => embedOne(text, dimensions)),
    usage: { input: texts.reduce((sum, text) => sum + countTokens(text), 0) },
  };
}

export function embedOne(text: string, dimensions: number): Float32Array {
  const counts = new Map<number, number>();
  const add = (feature: string, weight: number) => {
    const hash = hashText(feature) >>> 0;
    counts.set(hash, (counts.get(hash) ?? 0) + weight);
  };
  let previous = '';
  for (const word of words(text.slice(0, LIMITS.featureChars))) {
    const form = word.han ? word.text : stem(word.text);
    add(`w${form}`, 1);
    if (previous !== '') add(`p${previous} ${form}`, 0.5);
    previous = form;
    for (const meaning of meanings(word.text)) add(meaning, 0.5);
    const padded = word.han ? word.text : ` ${word.text} `;
    const size = word.han ? 1 : 3;
    for (let at = 0; at + size <= padded.length; at++) add(`c${padded.slice(at, at + size)}`, 0.4);
  }
  const han = fold(text.slice(0, LIMITS.featureChars)).match(/\p{Script=Han}{2,}/gu) ?? [];
  for (const run of han) for (let at = 0; at + 2 <= run.length; at++) add(`c${run.slice(at, at + 2)}`, 0.5);
  const vector = new Float32Array(dimensions);
  for (const [hash, count] of counts)
    vector[(hash >>> 1) % dimensions]! += (hash & 1 ? 1 : -1) * (1 + Math.log(Math.max(1, count))) * Math.min(1, count);
  let norm = 0;
  for (const value of vector) norm += value * value;
  if (norm === 0) return vector;
  const scale = 1 / Math.sqrt(norm);
  for (let index = 0; index < dimensions; index++) vector[index]! *= scale;
  return vector;
}

/** Cosine of two unit vectors of one length. */
export function similarity(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}
