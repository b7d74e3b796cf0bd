import { LIMITS } from '../types.ts';
import { type Mark, marksOf } from './marks.ts';

export interface Sentiment {
  polarity: 'positive' | 'negative' | 'neutral';
  /** -1 (very bad) to 1 (very good). */
  score: number;
  /** Good and bad both weigh in the text. */
  mixed: boolean;
  /** Sums of what speaks for and against, 0 and up. */
  good: number;
  bad: number;
}

/** Keeps one word from deciding as much as ten. */
const DAMPING = 1.2;
const NEUTRAL = 0.18;

/** Reads the first `LIMITS.featureChars` × 5 characters. Words and their surroundings decide, no training; English and Chinese, mixed too. */
export function sentimentOf(text: string): Sentiment {
  return sentimentFrom(marksOf(text.slice(0, LIMITS.featureChars * 5)));
}

export function sentimentFrom(marks: readonly Mark[]): Sentiment {
  let good = 0;
  let bad = 0;
  for (const { weight } of marks) {
    if (weight > 0) good += weight;
    else bad -= weight;
  }
  const score = (good - bad) / (good + bad + DAMPING);
  const least = Math.min(good, bad);
  return {
    polarity: score > NEUTRAL ? 'positive' : score < -NEUTRAL ? 'negative' : 'neutral',
    score: Math.round(score * 1_000) / 1_000 || 0,
    mixed: least >= 1.3 && least / Math.max(good, bad) >= 0.4,
    good,
    bad,
  };
}
