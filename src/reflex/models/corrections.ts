/**
 * What was added or taken back since the last training, laid over the trained model.
 *
 * A text that is nearly one of the changes follows it. A text that is only like one follows it where the trained model makes the same
 * mistake with it as with the change's own text: so paraphrases of a correction gain, and what the model tells apart stays as it is.
 */
import { embedOne, similarity } from '../text/embed.ts';
import { type Change, type Example, OUT_OF_SCOPE, type Prediction, type SlotSpan } from '../types.ts';
import { sameText } from './pack.ts';

const DIMENSIONS = 512;
/** Two texts this much alike are the same but for spelling. */
const SAME = 0.95;
/** The same wish, where no trained model can tell better. */
const SAME_UNTRAINED = 0.8;
/**
 * Two texts this much alike share a mistake; more is asked for the surer the model is of it, by itself and next to the change's own text.
 * Tuned on parts of four public sets (423 corrections, 5,593 texts that were not corrected): 10 gained, 5 lost; a plain
 * 0.8 for everything gained 1 and lost 5.
 */
const ALIKE = 0.5;
const PER_CONFIDENCE = 0.4;
const CONFIDENT = 0.3;

type Judged = Omit<Prediction, 'ms'>;

interface Found {
  correction: Correction;
  near: number;
}

interface Correction {
  change: Change;
  key: string;
  vector: Float32Array;
  /** What the trained model says of the change's own text. */
  said?: Said;
}

export type Said = Pick<Prediction, 'best' | 'confidence'>;

export interface Corrections {
  readonly size: number;
  /** Later changes win over earlier ones. `said`: what the trained model says of the change's text, where there is one. */
  add(change: Change, said: Said | undefined): void;
  /** The trained model's judgement, corrected; undefined where neither knows anything. */
  correct(text: string, learnt: Judged | undefined): Judged | undefined;
  /** Newest first. */
  examples(): Example[];
}

export function createCorrections(): Corrections {
  /** By text: what is said of the same text later takes the earlier's place. */
  const known = new Map<string, Correction>();

  function nearest(text: string, learnt: Judged | undefined): Found | undefined {
    const exact = known.get(sameText(text));
    if (exact) return { correction: exact, near: 1 };
    const vector = embedOne(text, DIMENSIONS);
    let best: Found | undefined;
    let mistaken: Found | undefined;
    for (const correction of known.values()) {
      const near = Math.min(1, Math.max(0, similarity(vector, correction.vector)));
      if (near >= (best?.near ?? 0)) best = { correction, near };
      const isShared = learnt !== undefined && correction.said?.best === learnt.best;
      if (isShared && near >= (mistaken?.near ?? 0)) mistaken = { correction, near };
    }
    return best && best.near < SAME && mistaken ? mistaken : best;
  }

  return {
    get size() {
      return known.size;
    },
    add(change, said) {
      const text = 'add' in change ? change.add.text : change.remove.text;
      const key = sameText(text);
      const before = known.get(key);
      // What says something else of this text than what is taken back stays.
      if ('remove' in change && before && !takes(change.remove.intent, before)) return;
      known.delete(key);
      known.set(key, { change, key, vector: embedOne(text, DIMENSIONS), said });
    },
    correct(text, learnt) {
      if (known.size === 0) return learnt;
      const found = nearest(text, learnt);
      if (!found || !follows(found.correction, found.near, learnt)) return learnt ?? unsure(found, text);
      return 'add' in found.correction.change
        ? judgedBy(found.correction.change.add, found.near, text, learnt)
        : takenBack(learnt, found.near);
    },
    examples: () => [...known.values()].reverse().flatMap(({ change }) => ('add' in change ? [change.add] : [])),
  };
}

function takes(intent: string | undefined, { change }: Correction): boolean {
  return intent === undefined || 'remove' in change || change.add.intent === intent;
}

function follows({ change, said }: Correction, near: number, learnt: Judged | undefined): boolean {
  if ('remove' in change) {
    const { intent } = change.remove;
    return learnt !== undefined && near >= SAME && (intent === undefined || learnt.best === intent);
  }
  if (near >= (learnt ? SAME : SAME_UNTRAINED)) return true;
  if (!learnt || said?.best !== learnt.best || learnt.best === change.add.intent) return false;
  const surer = Math.max(0, learnt.confidence - CONFIDENT) + Math.max(0, learnt.confidence - said.confidence);
  return near >= ALIKE + PER_CONFIDENCE * surer;
}

function judgedBy(example: Example, near: number, text: string, learnt: Judged | undefined): Judged {
  const { intent } = example;
  const isOutside = intent === OUT_OF_SCOPE;
  return {
    best: isOutside ? (learnt?.best ?? OUT_OF_SCOPE) : intent,
    intent,
    confidence: near,
    outOfScope: isOutside ? near : 1 - near,
    slots: intent === learnt?.best ? learnt.slots : slotsLike(example, text),
  };
}

/** Nobody knows what it is instead until the next training. */
function takenBack(learnt: Judged | undefined, near: number): Judged | undefined {
  return learnt && { ...learnt, intent: OUT_OF_SCOPE, confidence: 1 - near, outOfScope: near };
}

/** Without a trained model the nearest example is the best guess, and no more than that. */
function unsure(found: Found | undefined, text: string): Judged | undefined {
  if (!found || !('add' in found.correction.change)) return undefined;
  const example = found.correction.change.add;
  return {
    best: example.intent,
    intent: OUT_OF_SCOPE,
    confidence: found.near,
    outOfScope: 1 - found.near,
    slots: slotsLike(example, text),
  };
}

/** The values of a like example that stand in this text too. */
function slotsLike(example: Example, text: string): SlotSpan[] {
  return (example.slots ?? []).flatMap((slot) => {
    const value = example.text.slice(slot.start, slot.end);
    const start = text.indexOf(value);
    return start < 0 ? [] : [{ name: slot.name, value, start, end: start + value.length }];
  });
}
