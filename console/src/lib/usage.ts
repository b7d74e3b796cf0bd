/** Sums over the usage vector, as the contract has its parts. */
import {
  TOKEN_FIELDS,
  totalTokens,
  USAGE_FIELDS,
  type UsageField,
  type UsageVector,
} from '../../../src/contract/usage.ts';

export { totalTokens, USAGE_FIELDS, type UsageVector };

const WRITTEN: ReadonlySet<UsageField> = new Set(['output', 'reasoning', 'audio_out', 'image_out']);
const TOKENS: ReadonlySet<string> = new Set(TOKEN_FIELDS);

/** Tokens that models wrote. */
export function writtenTokens(vector: UsageVector): number {
  let sum = 0;
  for (const field of WRITTEN) sum += vector[field] ?? 0;
  return sum;
}

/** Tokens that models read, caches included. */
export function readTokens(vector: UsageVector): number {
  return totalTokens(vector) - writtenTokens(vector);
}

/** The parts that are not 0, tokens first, in the contract's order. */
export function partsOf(vector: UsageVector): { field: UsageField; count: number; isTokens: boolean }[] {
  return USAGE_FIELDS.flatMap((field) => {
    const count = vector[field] ?? 0;
    return count > 0 ? [{ field, count, isTokens: TOKENS.has(field) }] : [];
  }).sort((a, b) => Number(b.isTokens) - Number(a.isTokens));
}
