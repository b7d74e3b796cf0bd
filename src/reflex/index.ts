/** The door to Reflex, the built-in model that learns from examples and needs no weights, no network and no key. */
export { type ChatModel, completeChat } from './chat.ts';
export { type Embedded, embed } from './embed.ts';
export { type EvalReport, evaluate } from './evaluate.ts';
export { parseExamples } from './examples.ts';
export { createReflex, type Reflex, type ReflexOptions } from './registry.ts';
export { countTokens, TOKENIZER } from './tokens.ts';
export * from './types.ts';
