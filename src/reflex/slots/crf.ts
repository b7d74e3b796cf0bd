/**
 * A linear-chain conditional random field over BIO labels (Lafferty et al. 2001), with sparse features.
 * Label 0 is "outside"; slot k begins with 1 + 2k and goes on with 2 + 2k. What goes on must have begun.
 * Work is done on the few slots that a sentence could hold, so hundreds of slots cost little more than ten.
 */
import { random, shuffle } from '../understanding/classifier.ts';

/** Features of one text, as rows of the weights. Token t has `rows[starts[t] … starts[t + 1])`. */
export interface Sequence {
  starts: Int32Array;
  rows: Int32Array;
}

export interface LabelledSequence extends Sequence {
  labels: Uint16Array;
}

/** Weights exist for the labels that a row was seen with. Row r has `labels[starts[r] … starts[r + 1])`. */
export interface Crf {
  slots: number;
  starts: Int32Array;
  labels: Uint16Array;
  weights: Float32Array;
  /** `[from][to]`, from: outside, each slot, the text's start; to: outside, each slot beginning. */
  moves: Float32Array;
  /** Per slot: going on after its beginning, going on further. */
  stays: Float32Array;
}

export interface CrfOptions {
  slots: number;
  rows: number;
  epochs: number;
  seed: number;
  /** Share of features hidden from a token while training. */
  dropout: number;
  rate: number;
  decay: number;
  /** Which share of the epochs, counted from the end, the averaged weights come from. */
  averaged: number;
  /** Rows seen at least so often have weights for every label. */
  dense: number;
}

/** Slots considered in one text: those whose beginning scores best somewhere in it. */
const ACTIVE = 24;

export function labelCount(slots: number): number {
  return 1 + 2 * slots;
}

/** Deterministic. Time is linear in tokens × features per token × epochs. */
export function trainCrf(sequences: readonly LabelledSequence[], options: CrfOptions): Crf {
  const crf = emptyCrf(sequences, options);
  const next = random(options.seed);
  const order = Int32Array.from(sequences.keys());
  const trainer = trainerOf(crf, options, next);
  const firstAveraged = Math.max(0, Math.floor(options.epochs * (1 - options.averaged)));
  const sums = {
    weights: new Float32Array(crf.weights.length),
    moves: new Float32Array(crf.moves.length),
    stays: new Float32Array(crf.stays.length),
  };
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    shuffle(order, next);
    for (const index of order) trainer.step(sequences[index]!);
    if (epoch < firstAveraged) continue;
    for (const key of ['weights', 'moves', 'stays'] as const) {
      for (let index = 0; index < sums[key].length; index++) sums[key][index]! += crf[key][index]!;
    }
  }
  const count = options.epochs - firstAveraged;
  for (const key of ['weights', 'moves', 'stays'] as const) crf[key] = sums[key].map((sum) => sum / count);
  return crf;
}

function emptyCrf(sequences: readonly LabelledSequence[], { slots, rows, dense }: CrfOptions): Crf {
  const { starts, labels } = seenPairs(sequences, rows, labelCount(slots), dense);
  return {
    slots,
    starts,
    labels,
    weights: new Float32Array(labels.length),
    moves: new Float32Array((slots + 2) * (slots + 1)),
    stays: new Float32Array(2 * slots),
  };
}

/** Multiplications by weights of one training; about eight seconds. */
const WORK = 3e9;
const MAX_PAIRS = 6_000_000;

/**
 * How often a row must occur to get a weight for every label: at least `least`, and more where that would make
 * training slow or large. Frequent features gain most from saying what something is not.
 */
export function denseFrom(
  sequences: readonly Sequence[],
  rows: number,
  slots: number,
  least: number,
  epochs: number,
): number {
  const counts = new Int32Array(rows);
  for (const { rows: own } of sequences) for (const row of own) counts[row]!++;
  const labels = labelCount(slots);
  for (let dense = least; ; dense *= 2) {
    let pairs = 0;
    let work = 0;
    for (const count of counts) {
      if (count < dense) continue;
      pairs += labels;
      work += count * labels * epochs;
    }
    if (pairs <= MAX_PAIRS && work <= WORK) return dense;
  }
}

/** The labels each row occurs with, "outside" always among them. */
function seenPairs(
  sequences: readonly LabelledSequence[],
  rows: number,
  labelCount: number,
  dense: number,
): { starts: Int32Array; labels: Uint16Array } {
  const counts = new Int32Array(rows + 1);
  for (const { rows: own } of sequences) for (const row of own) counts[row + 1]!++;
  for (let row = 0; row < rows; row++) counts[row + 1]! += counts[row]!;
  const all = new Uint16Array(counts[rows]!);
  const filled = counts.slice();
  for (const { starts, rows: own, labels } of sequences) {
    for (let token = 0; token < labels.length; token++) {
      for (let index = starts[token]!; index < starts[token + 1]!; index++)
        all[filled[own[index]!]!++] = labels[token]!;
    }
  }
  const starts = new Int32Array(rows + 1);
  let capacity = all.length + rows;
  for (let row = 0; row < rows; row++) if (counts[row + 1]! - counts[row]! >= dense) capacity += labelCount;
  const labels = new Uint16Array(capacity);
  const stamp = new Int32Array(labelCount).fill(-1);
  let length = 0;
  for (let row = 0; row < rows; row++) {
    starts[row] = length;
    stamp[0] = row;
    labels[length++] = 0;
    if (counts[row + 1]! - counts[row]! >= dense) {
      for (let label = 1; label < labelCount; label++) labels[length++] = label;
      continue;
    }
    for (let index = counts[row]!; index < counts[row + 1]!; index++) {
      const label = all[index]!;
      if (stamp[label] === row) continue;
      stamp[label] = row;
      labels[length++] = label;
    }
  }
  starts[rows] = length;
  return { starts, labels: labels.slice(0, length) };
}

/** What forward and backward passes leave behind; grows to the longest text seen and is used again. */
class Lattice {
  tokens = 0;
  width = 0;
  /** Slots of this text. */
  readonly active: Int32Array;
  count = 0;
  /** Scores of every label at every token. */
  emissions = new Float32Array(0);
  /** exp(score − largest of the token) of the active labels: outside, then begin and go on per slot. */
  potentials = new Float64Array(0);
  forward = new Float64Array(0);
  backward = new Float64Array(0);
  /** exp(moves) and exp(stays) of the active slots. */
  moves = new Float64Array(0);
  stays = new Float64Array(0);
  /** By how much each token's forward values were divided. */
  scales = new Float64Array(0);

  constructor(slots: number) {
    this.active = new Int32Array(slots);
  }
}

/** Emission scores; dropped features (`keep[index] === 0`) don't count. */
function emit(lattice: Lattice, crf: Crf, { starts, rows }: Sequence, keep?: Uint8Array): void {
  const labels = labelCount(crf.slots);
  const tokens = starts.length - 1;
  if (lattice.emissions.length < tokens * labels) lattice.emissions = new Float32Array(tokens * labels);
  else lattice.emissions.fill(0, 0, tokens * labels);
  const { emissions } = lattice;
  const { labels: pairLabels, weights } = crf;
  for (let token = 0; token < tokens; token++) {
    const base = token * labels;
    for (let index = starts[token]!; index < starts[token + 1]!; index++) {
      if (keep !== undefined && keep[index] === 0) continue;
      const row = rows[index]!;
      const start = crf.starts[row]!;
      const end = crf.starts[row + 1]!;
      // A row with all labels has them in order.
      if (end - start === labels) {
        for (let label = 0; label < labels; label++) emissions[base + label]! += weights[start + label]!;
      } else for (let pair = start; pair < end; pair++) emissions[base + pairLabels[pair]!]! += weights[pair]!;
    }
  }
  lattice.tokens = tokens;
}

/** Chooses the active slots: those of `gold` and those whose beginning scores best against "outside". */
function choose(lattice: Lattice, slots: number, gold?: Uint16Array): void {
  const { active, emissions, tokens } = lattice;
  if (slots <= ACTIVE) {
    for (let slot = 0; slot < slots; slot++) active[slot] = slot;
    lattice.count = slots;
    return;
  }
  const labels = labelCount(slots);
  const best = new Float64Array(slots).fill(Number.NEGATIVE_INFINITY);
  for (let token = 0; token < tokens; token++) {
    const base = token * labels;
    const outside = emissions[base]!;
    for (let slot = 0; slot < slots; slot++) {
      const lead = emissions[base + 1 + 2 * slot]! - outside;
      if (lead > best[slot]!) best[slot] = lead;
    }
  }
  if (gold) for (const label of gold) if (label > 0) best[(label - 1) >> 1] = Number.POSITIVE_INFINITY;
  const order = [...best.keys()].sort((a, b) => best[b]! - best[a]! || a - b).slice(0, ACTIVE);
  lattice.count = order.length;
  active.set(order);
}

/** Forward and backward sums over all labellings, scaled so that their product is a label's probability. */
function sum(lattice: Lattice, crf: Crf): void {
  prepare(lattice, crf);
  passForward(lattice);
  passBackward(lattice);
}

function prepare(lattice: Lattice, crf: Crf): void {
  const { active, count, tokens } = lattice;
  const width = 1 + 2 * count;
  lattice.width = width;
  const size = tokens * width;
  if (lattice.potentials.length < size) {
    lattice.potentials = new Float64Array(size);
    lattice.forward = new Float64Array(size);
    lattice.backward = new Float64Array(size);
  }
  if (lattice.scales.length < tokens) lattice.scales = new Float64Array(tokens);
  const columns = count + 1;
  if (lattice.moves.length < (count + 2) * columns) lattice.moves = new Float64Array((count + 2) * columns);
  if (lattice.stays.length < 2 * count) lattice.stays = new Float64Array(2 * count);
  const own = crf.slots + 1;
  for (let from = 0; from < count + 2; from++) {
    const source = from === 0 ? 0 : from === count + 1 ? own : active[from - 1]! + 1;
    for (let to = 0; to < columns; to++) {
      const target = to === 0 ? 0 : active[to - 1]! + 1;
      lattice.moves[from * columns + to] = Math.exp(crf.moves[source * own + target]!);
    }
  }
  for (let slot = 0; slot < count; slot++) {
    lattice.stays[2 * slot] = Math.exp(crf.stays[2 * active[slot]!]!);
    lattice.stays[2 * slot + 1] = Math.exp(crf.stays[2 * active[slot]! + 1]!);
  }
  const labels = labelCount(crf.slots);
  const { potentials, emissions } = lattice;
  for (let token = 0; token < tokens; token++) {
    const from = token * labels;
    const to = token * width;
    let largest = emissions[from]!;
    for (let slot = 0; slot < count; slot++) {
      const label = from + 1 + 2 * active[slot]!;
      largest = Math.max(largest, emissions[label]!, emissions[label + 1]!);
    }
    potentials[to] = Math.exp(emissions[from]! - largest);
    for (let slot = 0; slot < count; slot++) {
      const label = from + 1 + 2 * active[slot]!;
      potentials[to + 1 + 2 * slot] = Math.exp(emissions[label]! - largest);
      potentials[to + 2 + 2 * slot] = Math.exp(emissions[label + 1]! - largest);
    }
  }
}

/** A floor keeps a token whose every way has a vanishing score from dividing by zero. */
const FLOOR = 1e-300;

function passForward(lattice: Lattice): void {
  const { tokens, width, count, potentials, forward, moves, stays, scales } = lattice;
  const columns = count + 1;
  for (let token = 0; token < tokens; token++) {
    const at = token * width;
    const before = at - width;
    let total = 0;
    for (let to = 0; to < columns; to++) {
      let value = 0;
      if (token === 0) value = moves[(count + 1) * columns + to]!;
      else {
        value = forward[before]! * moves[to]!;
        for (let from = 0; from < count; from++) {
          value +=
            (forward[before + 1 + 2 * from]! + forward[before + 2 + 2 * from]!) * moves[(from + 1) * columns + to]!;
        }
      }
      const label = to === 0 ? at : at + 2 * to - 1;
      forward[label] = value * potentials[label]!;
      total += forward[label]!;
    }
    for (let slot = 0; slot < count; slot++) {
      const label = at + 2 + 2 * slot;
      const value =
        token === 0
          ? 0
          : forward[before + 1 + 2 * slot]! * stays[2 * slot]! + forward[before + 2 + 2 * slot]! * stays[2 * slot + 1]!;
      forward[label] = value * potentials[label]!;
      total += forward[label]!;
    }
    scales[token] = Math.max(total, FLOOR);
    const scale = 1 / scales[token]!;
    for (let label = at; label < at + width; label++) forward[label]! *= scale;
  }
}

function passBackward(lattice: Lattice): void {
  const { tokens, width, count, potentials, backward, moves, stays, scales } = lattice;
  const columns = count + 1;
  backward.fill(1, (tokens - 1) * width, tokens * width);
  for (let token = tokens - 2; token >= 0; token--) {
    const at = token * width;
    const after = at + width;
    const scale = 1 / scales[token + 1]!;
    for (let from = 0; from < columns; from++) {
      let value = moves[from * columns]! * backward[after]! * potentials[after]!;
      for (let to = 1; to < columns; to++) {
        const label = after + 2 * to - 1;
        value += moves[from * columns + to]! * backward[label]! * potentials[label]!;
      }
      if (from === 0) {
        backward[at] = value * scale;
        continue;
      }
      const on = after + 2 * from;
      const further = backward[on]! * potentials[on]!;
      backward[at + 2 * from - 1] = (value + stays[2 * (from - 1)]! * further) * scale;
      backward[at + 2 * from] = (value + stays[2 * (from - 1) + 1]! * further) * scale;
    }
  }
}

const EPSILON = 1e-8;
/** Gradients below this change nothing that matters. */
const NEGLIGIBLE = 1e-4;

type Update = (index: number, error: number) => void;

/** AdaGrad: what was moved much already moves less. */
function updaterOf(weights: Float32Array, { rate, decay }: CrfOptions): Update {
  const squares = new Float32Array(weights.length);
  return (index, error) => {
    const gradient = error + decay * weights[index]!;
    squares[index]! += gradient * gradient;
    weights[index]! -= (rate * gradient) / Math.sqrt(squares[index]! + EPSILON);
  };
}

function trainerOf(crf: Crf, options: CrfOptions, next: () => number): { step(sequence: LabelledSequence): void } {
  const lattice = new Lattice(crf.slots);
  const labels = labelCount(crf.slots);
  const weights = updaterOf(crf.weights, options);
  const moves = updaterOf(crf.moves, options);
  const stays = updaterOf(crf.stays, options);
  let keep = new Uint8Array(0);
  let errors = new Float32Array(0);
  const step = (sequence: LabelledSequence) => {
    const { rows, labels: gold } = sequence;
    if (gold.length === 0) return;
    if (keep.length < rows.length) keep = new Uint8Array(rows.length * 2);
    for (let index = 0; index < rows.length; index++) keep[index] = next() < options.dropout ? 0 : 1;
    emit(lattice, crf, sequence, keep);
    choose(lattice, crf.slots, gold);
    sum(lattice, crf);
    if (errors.length < gold.length * labels) errors = new Float32Array(gold.length * labels);
    else errors.fill(0, 0, gold.length * labels);
    errorsInto(errors, lattice, gold, labels);
    stepWeights(crf, sequence, keep, errors, weights);
    stepMoves(lattice, gold, crf.slots + 1, moves);
    stepStays(lattice, gold, stays);
  };
  return { step };
}

/** Per token and label: its probability, less one for the label that is right. */
function errorsInto(errors: Float32Array, lattice: Lattice, gold: Uint16Array, labels: number): void {
  const { active, count, width, forward, backward } = lattice;
  for (let token = 0; token < gold.length; token++) {
    const at = token * width;
    const to = token * labels;
    errors[to] = forward[at]! * backward[at]!;
    for (let slot = 0; slot < count; slot++) {
      const label = to + 1 + 2 * active[slot]!;
      errors[label] = forward[at + 1 + 2 * slot]! * backward[at + 1 + 2 * slot]!;
      errors[label + 1] = forward[at + 2 + 2 * slot]! * backward[at + 2 + 2 * slot]!;
    }
    errors[to + gold[token]!]! -= 1;
  }
}

function stepWeights(
  crf: Crf,
  { starts, rows }: Sequence,
  keep: Uint8Array,
  errors: Float32Array,
  update: Update,
): void {
  const labels = labelCount(crf.slots);
  const wrongLabels = new Int32Array(labels);
  for (let token = 0; token + 1 < starts.length; token++) {
    const base = token * labels;
    let wrong = 0;
    for (let label = 0; label < labels; label++) {
      if (Math.abs(errors[base + label]!) > NEGLIGIBLE) wrongLabels[wrong++] = label;
    }
    if (wrong === 0) continue;
    for (let index = starts[token]!; index < starts[token + 1]!; index++) {
      if (keep[index] === 0) continue;
      const start = crf.starts[rows[index]!]!;
      const end = crf.starts[rows[index]! + 1]!;
      if (end - start === labels) {
        for (let at = 0; at < wrong; at++) update(start + wrongLabels[at]!, errors[base + wrongLabels[at]!]!);
        continue;
      }
      for (let pair = start; pair < end; pair++) {
        const error = errors[base + crf.labels[pair]!]!;
        if (Math.abs(error) > NEGLIGIBLE) update(pair, error);
      }
    }
  }
}

function slotOf(label: number): number {
  return label === 0 ? 0 : ((label - 1) >> 1) + 1;
}

function stepMoves(lattice: Lattice, gold: Uint16Array, own: number, update: Update): void {
  const { tokens, width, count, active, potentials, forward, backward, moves, scales } = lattice;
  const columns = count + 1;
  const errors = new Float64Array((count + 2) * columns);
  const position = new Map<number, number>([[0, 0]]);
  for (let slot = 0; slot < count; slot++) position.set(active[slot]! + 1, slot + 1);
  for (let token = 0; token < tokens; token++) {
    const at = token * width;
    const before = at - width;
    const scale = 1 / scales[token]!;
    for (let to = 0; to < columns; to++) {
      const label = to === 0 ? at : at + 2 * to - 1;
      const weight = potentials[label]! * backward[label]! * scale;
      if (weight === 0) continue;
      if (token === 0) {
        errors[(count + 1) * columns + to]! += moves[(count + 1) * columns + to]! * weight;
        continue;
      }
      errors[to]! += forward[before]! * moves[to]! * weight;
      for (let from = 0; from < count; from++) {
        errors[(from + 1) * columns + to]! +=
          (forward[before + 1 + 2 * from]! + forward[before + 2 + 2 * from]!) *
          moves[(from + 1) * columns + to]! *
          weight;
      }
    }
    const label = gold[token]!;
    if (label > 0 && label % 2 === 0) continue;
    const from = token === 0 ? count + 1 : position.get(slotOf(gold[token - 1]!))!;
    errors[from * columns + position.get(slotOf(label))!]! -= 1;
  }
  for (let from = 0; from < count + 2; from++) {
    const source = from === 0 ? 0 : from === count + 1 ? own : active[from - 1]! + 1;
    for (let to = 0; to < columns; to++) {
      const error = errors[from * columns + to]!;
      const target = to === 0 ? 0 : active[to - 1]! + 1;
      if (Math.abs(error) > NEGLIGIBLE) update(source * own + target, error);
    }
  }
}

function stepStays(lattice: Lattice, gold: Uint16Array, update: Update): void {
  const { tokens, width, count, active, potentials, forward, backward, stays, scales } = lattice;
  for (let slot = 0; slot < count; slot++) {
    let first = 0;
    let further = 0;
    const begin = 1 + 2 * active[slot]!;
    for (let token = 1; token < tokens; token++) {
      const label = token * width + 2 + 2 * slot;
      const weight = (potentials[label]! * backward[label]!) / scales[token]!;
      first += forward[label - width - 1]! * stays[2 * slot]! * weight;
      further += forward[label - width]! * stays[2 * slot + 1]! * weight;
      if (gold[token] !== begin + 1) continue;
      if (gold[token - 1] === begin) first -= 1;
      else further -= 1;
    }
    if (Math.abs(first) > NEGLIGIBLE) update(2 * active[slot]!, first);
    if (Math.abs(further) > NEGLIGIBLE) update(2 * active[slot]! + 1, further);
  }
}

/** A possible slot: tokens `from` to `to` (exclusive) with its probability. */
export interface SpanChance {
  slot: number;
  from: number;
  to: number;
  chance: number;
}

/** Every span whose probability is at least `least`. */
export function spanChances(crf: Crf, sequence: Sequence, least: number): SpanChance[] {
  const lattice = new Lattice(crf.slots);
  emit(lattice, crf, sequence);
  if (lattice.tokens === 0) return [];
  choose(lattice, crf.slots);
  sum(lattice, crf);
  const { tokens, width, count, active, potentials, forward, backward, moves, stays, scales } = lattice;
  const columns = count + 1;
  /** Of being at a slot's label and leaving the slot there, over the forward value of that label. */
  const leaving = (token: number, slot: number): number => {
    if (token === tokens - 1) return 1;
    const after = (token + 1) * width;
    let value = moves[(slot + 1) * columns]! * backward[after]! * potentials[after]!;
    for (let to = 1; to < columns; to++) {
      const label = after + 2 * to - 1;
      value += moves[(slot + 1) * columns + to]! * backward[label]! * potentials[label]!;
    }
    return value / scales[token + 1]!;
  };
  const out: SpanChance[] = [];
  for (let slot = 0; slot < count; slot++) {
    for (let from = 0; from < tokens; from++) {
      const begin = from * width + 1 + 2 * slot;
      if (forward[begin]! * backward[begin]! < least) continue;
      let value = forward[begin]!;
      for (let token = from; ; ) {
        const chance = value * leaving(token, slot);
        if (chance >= least) out.push({ slot: active[slot]!, from, to: token + 1, chance: Math.min(1, chance) });
        const stay = stays[2 * slot + (token === from ? 0 : 1)]!;
        token++;
        if (token === tokens) break;
        const label = token * width + 2 + 2 * slot;
        value *= (stay * potentials[label]!) / scales[token]!;
        if (value * backward[label]! < least) break;
      }
    }
  }
  return out;
}

/** The spans that don't touch each other with the largest sum of (chance − `threshold`), in order. */
export function bestSpans(spans: readonly SpanChance[], tokens: number, threshold: number): SpanChance[] {
  const ending: SpanChance[][] = Array.from({ length: tokens + 1 }, () => []);
  for (const span of spans) if (span.chance > threshold) ending[span.to]!.push(span);
  const best = new Float64Array(tokens + 1);
  const taken: (SpanChance | undefined)[] = new Array(tokens + 1).fill(undefined);
  for (let at = 1; at <= tokens; at++) {
    best[at] = best[at - 1]!;
    for (const span of ending[at]!) {
      const value = best[span.from]! + span.chance - threshold;
      if (value <= best[at]!) continue;
      best[at] = value;
      taken[at] = span;
    }
  }
  const out: SpanChance[] = [];
  for (let at = tokens; at > 0; ) {
    const span = taken[at];
    if (span) out.push(span);
    at = span ? span.from : at - 1;
  }
  return out.reverse();
}
