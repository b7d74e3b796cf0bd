/** Which mention goes to which parameter: the dearest set in which no two parameters share a piece of text. */

export interface Candidate<T> {
  value: T;
  score: number;
  start: number;
  end: number;
}

export interface Slot<T> {
  required: boolean;
  /** Slots of one kind come in the order of the text, unless something speaks against it. */
  kind: string;
  candidates: Candidate<T>[];
}

const MOST_NODES = 4_000;
const PER_SLOT = 6;
/** What an empty place costs where one is needed. */
const EMPTY_COST = 3;
const INVERSION_COST = 0.6;

/** The chosen candidate of each slot, undefined where none is. Optional slots take only scores of at least `least`. */
export function assign<T>(
  slots: readonly Slot<T>[],
  least: number,
  leastRequired: number,
): (Candidate<T> | undefined)[] {
  const ranked = slots.map((slot) =>
    slot.candidates
      .filter((one) => one.score >= (slot.required ? leastRequired : least))
      .sort((a, b) => b.score - a.score || a.start - b.start)
      .slice(0, PER_SLOT),
  );
  const order = slots
    .map((_, index) => index)
    .sort((a, b) => Number(slots[b]!.required) - Number(slots[a]!.required) || top(ranked[b]!) - top(ranked[a]!));
  const gains = order.map((index) => Math.max(0, top(ranked[index]!)));
  const rest = gains.map((_, at) => gains.slice(at).reduce((sum, gain) => sum + gain, 0));
  const chosen: (Candidate<T> | undefined)[] = slots.map(() => undefined);
  let best = chosen.slice();
  let bestScore = -Infinity;
  let nodes = 0;
  const visit = (at: number, score: number): void => {
    if (nodes++ > MOST_NODES || score + (rest[at] ?? 0) <= bestScore) return;
    if (at === order.length) {
      bestScore = score;
      best = chosen.slice();
      return;
    }
    const index = order[at]!;
    for (const candidate of ranked[index]!) {
      if (chosen.some((other) => other && other.start < candidate.end && candidate.start < other.end)) continue;
      chosen[index] = candidate;
      visit(at + 1, score + candidate.score - INVERSION_COST * inversions(slots, chosen, index, candidate));
    }
    chosen[index] = undefined;
    visit(at + 1, score - (slots[index]!.required ? EMPTY_COST : 0));
  };
  visit(0, 0);
  return best;
}

function inversions<T>(
  slots: readonly Slot<T>[],
  chosen: readonly (Candidate<T> | undefined)[],
  index: number,
  candidate: Candidate<T>,
): number {
  let count = 0;
  chosen.forEach((other, at) => {
    if (!other || at === index || slots[at]!.kind !== slots[index]!.kind) return;
    if (at < index !== other.start < candidate.start) count++;
  });
  return count;
}

function top<T>(candidates: readonly Candidate<T>[]): number {
  return candidates[0]?.score ?? 0;
}
