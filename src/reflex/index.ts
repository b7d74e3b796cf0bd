/** The door to Reflex, the built-in model that learns from examples and needs no weights, no network and no key. */
export { EMOTIONS, type Emotion, type EmotionReading, emotionOf } from './analysis/emotion.ts';
export { type KeyPhrase, keyPhrases } from './analysis/key-phrases.ts';
export { detectLanguage } from './analysis/language.ts';
export { type Sentiment, sentimentOf } from './analysis/sentiment.ts';
export { summarise } from './analysis/summary.ts';
export { type ChatModel, completeChat } from './chat.ts';
export { type Embedded, embed } from './embed.ts';
export { type EvalReport, evaluate } from './evaluate.ts';
export { parseExamples } from './examples.ts';
export type { Batch, ReadBody } from './jobs.ts';
export { takeOverSettings } from './old-settings.ts';
export { createReflex, type ModelVersion, type Reflex, type ReflexOptions, type TrainOptions } from './registry.ts';
export { type Clause, type Judge, placeSlots, splitUtterance, understandAll } from './split.ts';
export { KEPT_VERSIONS, type ReflexStorage } from './storage.ts';
export { countTokens, TOKENIZER } from './tokens.ts';
export * from './types.ts';
export { openVectors, type SentenceVectors } from './vectors.ts';
