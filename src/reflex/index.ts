/** The door to Reflex, the built-in model that learns from examples and needs no weights, no network and no key. */
export { EMOTIONS, type Emotion, type EmotionReading, emotionOf } from './analysis/emotion.ts';
export { type KeyPhrase, keyPhrases } from './analysis/key-phrases.ts';
export { detectLanguage } from './analysis/language.ts';
export { type Sentiment, sentimentOf } from './analysis/sentiment.ts';
export { summarise } from './analysis/summary.ts';
export { type ChatModel, completeChat } from './chat/chat.ts';
export { evaluateApart } from './models/evaluate-apart.ts';
export { parseExamples } from './models/examples.ts';
export type { Batch, ReadBody } from './models/jobs.ts';
export { takeOverSettings } from './models/old-settings.ts';
export {
  createReflex,
  type ModelVersion,
  type Reflex,
  type ReflexOptions,
  type TrainOptions,
} from './models/registry.ts';
export { KEPT_VERSIONS, type ReflexStorage } from './models/storage.ts';
export { readPrompt } from './schema/reader/prompt.ts';
export { type Embedded, embed } from './text/embed.ts';
export { countTokens, TOKENIZER } from './text/tokens.ts';
export * from './types.ts';
export { type EvalReport, evaluate } from './understanding/evaluate.ts';
export { type Clause, type Judge, placeSlots, splitUtterance, understandAll } from './understanding/split.ts';
export { type TrustPoint, type TrustTable, thresholdFor } from './understanding/trust.ts';
export { openVectors, type SentenceVectors } from './understanding/vectors.ts';
