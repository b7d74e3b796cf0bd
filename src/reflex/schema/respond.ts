/** The answer to `response_format`: an instance of the schema, read from the text of a prompt. */
import { readText } from '../reading/index.ts';
import type { Json, Prediction, Schema } from '../types.ts';
import { build, ROOT } from './instance.ts';
import { openDocument, type Shot } from './reader/document.ts';
import { readPrompt } from './reader/prompt.ts';
import { readerOf } from './reader/reader.ts';
import { scopeOf } from './validate.ts';

export type { Shot } from './reader/document.ts';

export interface FillInput {
  /** The prompt; text beside its instructions is told apart. */
  text: string;
  /** Of the system, where it says what labels mean. */
  instructions?: string;
  now_ms: number;
  /** IANA zone in which "tomorrow" is meant. */
  timeZone?: string;
  /** What to put into places that want a reply of the model itself. */
  notice: string;
  /** Earlier texts with the JSON they were answered with. */
  shots?: readonly Shot[];
  /** A trained model; its choice counts where its intents are the labels of an enum. */
  model?: { predict(text: string): Prediction };
}

export interface Filled {
  /** Validates against the schema. */
  value: Json;
  /** Mean confidence of what the text said, 0 where it said nothing. */
  confidence: number;
  /** The text said at least one of the values. */
  evident: boolean;
  /** What the trained model made of the text, where there is one. */
  prediction?: Prediction;
}

/**
 * Deterministic. Reads 20,000 characters for meaning, and the rest for things with a form of their own (addresses, numbers of orders).
 * What the text doesn't say becomes null where the schema allows it, else the emptiest value that validates.
 * undefined: no value fits the schema. Throws SchemaTooHard.
 */
export function fillFromText(schema: Schema, input: FillInput): Filled | undefined {
  const prompt = readPrompt(input.text);
  const sureness: number[] = [];
  const document = openDocument(prompt.text, {
    instructions: [input.instructions ?? '', prompt.instructions].join('\n'),
    now_ms: input.now_ms,
    timeZone: input.timeZone,
    shots: (input.shots ?? []).map((shot) => ({ text: readPrompt(shot.text).text, value: shot.value })),
    model: input.model,
    sureness,
  });
  const built = build(schema, ROOT, {
    scope: scopeOf(schema),
    reading: readText('', { now_ms: input.now_ms, timeZone: input.timeZone }),
    mode: 'fill',
    notice: input.notice,
    reader: readerOf(document),
    missing: [],
  });
  if (!built) return undefined;
  const mean = sureness.length > 0 ? sureness.reduce((sum, one) => sum + one, 0) / sureness.length : 0;
  return {
    value: built.value,
    confidence: built.evident ? Math.round(mean * 1_000) / 1_000 : 0,
    evident: built.evident,
    prediction: document.prediction(),
  };
}
