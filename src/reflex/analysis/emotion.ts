import { LIMITS } from '../types.ts';
import type { Feeling } from './feeling.ts';
import { type Mark, marksOf } from './marks.ts';

export const EMOTIONS = ['joy', 'anger', 'sadness', 'fear', 'surprise', 'disgust', 'tired', 'calm', 'neutral'] as const;
export type Emotion = (typeof EMOTIONS)[number];

export interface EmotionReading {
  emotion: Emotion;
  /** How strongly it shows, 0 to 1; 0 for `neutral`. */
  strength: number;
  /** Share of each emotion; they add up to 1. */
  scores: Record<Emotion, number>;
}

/** Strength of each of the finer feelings, 0 and up. */
export type FeelingProfile = Partial<Record<Feeling, number>>;

const COARSE: Record<Feeling, Emotion> = {
  joy: 'joy',
  excited: 'joy',
  love: 'joy',
  gratitude: 'joy',
  hope: 'joy',
  calm: 'calm',
  surprise: 'surprise',
  sadness: 'sadness',
  disappointment: 'sadness',
  lonely: 'sadness',
  shame: 'sadness',
  anger: 'anger',
  annoyance: 'anger',
  fear: 'fear',
  anxiety: 'fear',
  disgust: 'disgust',
  tired: 'tired',
  bored: 'tired',
  confused: 'surprise',
  discomfort: 'tired',
};

/** Feelings that say less of a mood than others do when both are there. */
const SECONDARY: Partial<Record<Feeling, number>> = {
  gratitude: 0.5,
  hope: 0.7,
  confused: 0.5,
  discomfort: 0.7,
  surprise: 1.2,
};

/** Reads the first 20,000 characters. A mood needs a word, a sign or a turn of phrase that shows it; a plain command or question is neutral. */
export function emotionOf(text: string): EmotionReading {
  return emotionFrom(profileOf(marksOf(text.slice(0, LIMITS.featureChars * 5))));
}

export function profileOf(marks: readonly Mark[]): FeelingProfile {
  const out: FeelingProfile = {};
  const add = (feeling: Feeling, by: number) => {
    out[feeling] = (out[feeling] ?? 0) + by;
  };
  for (const mark of marks) {
    if (mark.feeling && mark.strength > 0) add(mark.feeling, mark.strength * (SECONDARY[mark.feeling] ?? 1));
    // A judgement hints at a mood; "not happy" is closer to sadness than to nothing.
    else if (mark.weight > 0) add('joy', mark.weight * 0.35);
    else {
      add('disappointment', -mark.weight * 0.25);
      add('annoyance', -mark.weight * 0.25);
    }
  }
  return out;
}

const NEUTRAL_WEIGHT = 0.8;

export function emotionFrom(profile: FeelingProfile): EmotionReading {
  const scores = Object.fromEntries(EMOTIONS.map((one) => [one, 0])) as Record<Emotion, number>;
  for (const [feeling, weight] of Object.entries(profile)) scores[COARSE[feeling as Feeling]] += weight;
  scores.neutral = NEUTRAL_WEIGHT;
  let emotion: Emotion = 'neutral';
  for (const one of EMOTIONS) if (scores[one] > scores[emotion]) emotion = one;
  const top = scores[emotion];
  const total = EMOTIONS.reduce((sum, one) => sum + scores[one], 0);
  for (const one of EMOTIONS) scores[one] = Math.round((scores[one] / total) * 1_000) / 1_000;
  return { emotion, strength: emotion === 'neutral' ? 0 : Math.round((top / (top + 2)) * 1_000) / 1_000, scores };
}
