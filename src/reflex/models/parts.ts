/** The commands of a text that has several, each read by itself. */
import { hasHan } from '../text/text.ts';
import { OUT_OF_SCOPE, type Prediction, type PredictionPart } from '../types.ts';
import { type Clause, placeSlots, splitUtterance } from '../understanding/split.ts';

type Reading = Omit<Prediction, 'ms'>;
type Read = (text: string) => Reading;

/** A command that stands alone is known at least this surely; one that was cut off at a mere link, without a sign of a command, more. */
const SURE = 0.5;
const SURE_AT_LINKS = 0.75;
const MOST_PARTS = 8;
const MOST_CHARS = 1_000;
/** Between two Chinese clauses. A trained model can tell whether both are commands, so what they begin with is of no matter. */
const LINKS_HAN =
  /[，,；;。！!？?、\s]*(?:然后再?|接着再?|顺便再?|随后|之后再|完了再|另外|同时|并且|[，,；;。！!？?]\s*(?:再|还有|并|也)?)(?=\S)/g;

/**
 * undefined where the text is one command: where it has no place to cut, where not every piece is surely an intent of the model's,
 * and where its pieces say one and the same.
 */
export function partsOf(text: string, read: Read): PredictionPart[] | undefined {
  const seen = new Map<string, Reading>();
  const readOnce: Read = (piece) => {
    let prediction = seen.get(piece);
    if (!prediction) {
      prediction = read(piece);
      seen.set(piece, prediction);
    }
    return prediction;
  };
  const clauses = splitUtterance(text, (piece) => {
    const { intent, best, confidence } = readOnce(piece);
    return { best: intent === OUT_OF_SCOPE ? OUT_OF_SCOPE : best, confidence };
  });
  if (clauses.length > 1) return surely(clauses, readOnce, SURE);
  const linked = hasHan(text) && text.length <= MOST_CHARS ? cutAtLinks(text) : [];
  return linked.length > 1 && linked.length <= MOST_PARTS ? surely(linked, readOnce, SURE_AT_LINKS) : undefined;
}

function surely(clauses: readonly Clause[], read: Read, sure: number): PredictionPart[] | undefined {
  const parts: PredictionPart[] = [];
  for (const clause of clauses) {
    const { intent, confidence, slots } = placeSlots(clause, { ...read(clause.text), ms: 0 });
    if (intent === OUT_OF_SCOPE || confidence < sure) return undefined;
    parts.push({ text: clause.text, start: clause.start, end: clause.end, intent, confidence, slots });
  }
  return parts.slice(1).every((part, at) => isOther(part, parts[at]!)) ? parts : undefined;
}

/** "Skip this, play the next" is one wish; "add milk, add bread" are two, as the slots tell. */
function isOther(one: PredictionPart, before: PredictionPart): boolean {
  if (one.intent !== before.intent) return true;
  const values = new Set(before.slots.map((slot) => `${slot.name}=${slot.value}`));
  return one.slots.some((slot) => !values.has(`${slot.name}=${slot.value}`)) && before.slots.length > 0;
}

function cutAtLinks(text: string): Clause[] {
  const clauses: Clause[] = [];
  let from = 0;
  const add = (end: number): void => {
    const start = from + (/^\s*/.exec(text.slice(from, end))?.[0].length ?? 0);
    const own = text.slice(start, end).trimEnd();
    if (own !== '')
      clauses.push({
        text: own,
        start,
        end: start + own.length,
        pieces: [{ at: 0, start, length: own.length }],
      });
  };
  for (const link of text.matchAll(LINKS_HAN)) {
    if (link.index === 0) continue;
    add(link.index);
    from = link.index + link[0].length;
  }
  add(text.length);
  return clauses;
}
