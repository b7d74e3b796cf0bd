/**
 * The usage vector: what one attempt used, in parts that never overlap, so that a price can be put on each and sums mean something.
 * All fields are whole numbers ≥ 0.
 */
export const USAGE_FIELDS = [
  /** text tokens read that were neither served from nor written to a cache, and are no audio or image */
  'input',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  /** token-hours of explicit cache storage */
  'cache_storage',
  /** text tokens written, reasoning left out */
  'output',
  'reasoning',
  'audio_in',
  'audio_out',
  'image_in',
  'image_out',
  /** images made */
  'images',
  /** seconds of media, rounded up */
  'seconds',
  /** web searches by the provider */
  'searches',
  /** priced calls (per-request prices) */
  'calls',
] as const;

export type UsageField = (typeof USAGE_FIELDS)[number];
/** Absent means zero. */
export type UsageVector = Partial<Record<UsageField, number>>;

/** Where a vector comes from: the provider said so; it was counted here; or the provider's figures contradict each other. */
export type UsageSource = 'provider' | 'estimated' | 'unreconciled';

/** Fields that count as tokens in totals and on the barometer. */
export const TOKEN_FIELDS = [
  'input',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'output',
  'reasoning',
  'audio_in',
  'audio_out',
  'image_in',
  'image_out',
] as const satisfies readonly UsageField[];

export function totalTokens(vector: UsageVector): number {
  let sum = 0;
  for (const field of TOKEN_FIELDS) sum += vector[field] ?? 0;
  return sum;
}

export function addUsage(into: UsageVector, vector: UsageVector): UsageVector {
  for (const field of USAGE_FIELDS) {
    const value = vector[field];
    if (value) into[field] = (into[field] ?? 0) + value;
  }
  return into;
}

/** What the provider said, and what we read from it. */
export interface UsageReading {
  vector: UsageVector;
  /** The provider's own usage object, unchanged. */
  raw: unknown;
  /** `unreconciled` when the figures contradict each other; then `vector` is empty and `problem` says why. */
  source: 'provider' | 'unreconciled';
  problem?: string;
}
