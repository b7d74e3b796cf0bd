/** What the tagger is trained on, and the marks that intents are read with. */

import { loadTagger, type Tagger, trainTagger } from '../slots/tagger.ts';
import type { Example, SlotSpan } from '../types.ts';
import { random } from './classifier.ts';
import type { Progress } from './ensemble.ts';

/** Under this, marks teach intents nothing that the words don't. */
const FEW = 200;
/** Above this there is no time for them, and words alone do well. */
const MANY = 6_000;
/** Up to this there is time to mark well. */
const SMALL = 2_500;
/** Of the taggers that only mark. In larger sets their spans may be rougher: the classifier that reads them bears some noise. */
const THOROUGH = { folds: 5, epochs: 6 };
const QUICK = { folds: 2, epochs: 3 };

/** All examples where any has slots: those without teach what is no slot. */
function markedExamples(examples: readonly Example[]): Example[] {
  if (!examples.some((example) => example.slots?.length)) return [];
  return examples.map((example) => (example.slots ? example : { ...example, slots: [] }));
}

export interface Marks {
  /** Reads spans without knowing the intent. */
  tagger: Tagger;
  /** By example: spans found by a tagger that did not learn from it. */
  spans: SlotSpan[][];
}

/** undefined where slots are too few to say anything about intents. */
export function learnMarks(examples: readonly Example[], onProgress: (progress: Progress) => void): Marks | undefined {
  const marked = markedExamples(examples);
  const withSlots = marked.filter((example) => example.slots!.length > 0).length;
  if (withSlots < FEW || withSlots * 5 < examples.length || examples.length > MANY) return undefined;
  const { folds, epochs } = examples.length <= SMALL ? THOROUGH : QUICK;
  const next = random(31);
  const part = examples.map(() => Math.floor(next() * folds));
  const spans: SlotSpan[][] = examples.map(() => []);
  for (let fold = 0; fold < folds; fold++) {
    const tagger = trainTagger(
      marked.filter((_, at) => part[at] !== fold),
      { epochs },
    );
    examples.forEach((example, at) => {
      if (part[at] === fold) spans[at] = tagger.read(example.text);
    });
    onProgress({ phase: 'marks', done: fold + 1, of: folds + 1 });
  }
  const tagger = trainTagger(marked, { epochs });
  onProgress({ phase: 'marks', done: folds + 1, of: folds + 1 });
  // As it will be read back: weights lose a little when they are stored.
  return { tagger: loadTagger(tagger.toBytes()), spans };
}

/** The tagger that serves, conditioned on `intents` (one an example). undefined where no example has slots. */
export function learnTagger(
  examples: readonly Example[],
  intents: readonly string[],
  onProgress: (progress: Progress) => void,
): Tagger | undefined {
  const marked = markedExamples(examples);
  if (marked.length === 0) return undefined;
  onProgress({ phase: 'slots', done: 0, of: 1 });
  const tagger = trainTagger(marked, { intents });
  onProgress({ phase: 'slots', done: 1, of: 1 });
  return tagger;
}
