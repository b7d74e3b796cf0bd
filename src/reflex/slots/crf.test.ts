import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bestSpans, denseFrom, type LabelledSequence, spanChances, trainCrf } from './crf.ts';

const OPTIONS = { rows: 6, slots: 2, epochs: 5, seed: 1, dropout: 0, rate: 0.3, decay: 0, averaged: 1, dense: 1 };

const sequence = fc
  .array(fc.record({ rows: fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }), label: fc.nat(2) }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((tokens): LabelledSequence => {
    const labels = Uint16Array.from(tokens, ({ label }) => (label === 0 ? 0 : 2 * label - 1));
    // Some slots go on for a second token, as only what has begun may.
    for (let at = 1; at < labels.length; at++) if (labels[at] === 3 && labels[at - 1] === 3) labels[at] = 4;
    const starts = new Int32Array(tokens.length + 1);
    tokens.forEach(({ rows }, at) => {
      starts[at + 1] = starts[at]! + rows.length;
    });
    return { labels, starts, rows: Int32Array.from(tokens.flatMap(({ rows }) => rows)) };
  });

/** Chances of spans by going through every labelling there is. */
function byEnumeration(crf: ReturnType<typeof trainCrf>, { starts, rows }: LabelledSequence): Map<string, number> {
  const tokens = starts.length - 1;
  const emission = (token: number, label: number) => {
    let sum = 0;
    for (const row of rows.subarray(starts[token]!, starts[token + 1]!)) {
      for (let pair = crf.starts[row]!; pair < crf.starts[row + 1]!; pair++)
        if (crf.labels[pair] === label) sum += crf.weights[pair]!;
    }
    return sum;
  };
  const slot = (label: number) => (label + 1) >> 1;
  const sums = new Map<string, number>();
  let total = 0;
  const walk = (labels: number[], score: number) => {
    const at = labels.length;
    if (at === tokens) {
      const weight = Math.exp(score);
      total += weight;
      for (let from = 0; from < tokens; from++) {
        if (labels[from]! % 2 === 0) continue;
        let to = from + 1;
        while (to < tokens && labels[to] === labels[from]! + 1) to++;
        const key = `${slot(labels[from]!) - 1} ${from} ${to}`;
        sums.set(key, (sums.get(key) ?? 0) + weight);
      }
      return;
    }
    const before = labels.at(-1);
    for (let label = 0; label <= 2 * crf.slots; label++) {
      let step = emission(at, label);
      if (label > 0 && label % 2 === 0) {
        if (before !== label && before !== label - 1) continue;
        step += crf.stays[label - 2 + (before === label ? 1 : 0)]!;
      } else step += crf.moves[(before === undefined ? crf.slots + 1 : slot(before)) * (crf.slots + 1) + slot(label)]!;
      walk([...labels, label], score + step);
    }
  };
  walk([], 0);
  return new Map([...sums].map(([key, sum]) => [key, sum / total]));
}

test('span chances are those of all labellings together', () => {
  fc.assert(
    fc.property(fc.array(sequence, { minLength: 1, maxLength: 4 }), (sequences) => {
      const crf = trainCrf(sequences, OPTIONS);
      const wanted = byEnumeration(crf, sequences[0]!);
      const found = spanChances(crf, sequences[0]!, 1e-9);
      assert.equal(found.length, [...wanted.values()].filter((chance) => chance >= 1e-9).length);
      for (const { slot, from, to, chance } of found)
        assert.ok(Math.abs(chance - wanted.get(`${slot} ${from} ${to}`)!) < 1e-6, `${slot} ${from} ${to} ${chance}`);
    }),
    { numRuns: 60 },
  );
});

test('training makes what it saw likely, whatever share of features it hides', () => {
  const sequences: LabelledSequence[] = Array.from({ length: 20 }, (_, at) => ({
    starts: Int32Array.from([0, 1, 2, 3]),
    rows: Int32Array.from([0, 1 + (at % 2), 3]),
    labels: Uint16Array.from([0, 1 + 2 * (at % 2), 2 + 2 * (at % 2)]),
  }));
  const crf = trainCrf(sequences, { ...OPTIONS, dropout: 0.3, epochs: 20 });
  for (const at of [0, 1]) {
    const [best] = spanChances(crf, sequences[at]!, 0.5);
    assert.deepEqual([best?.slot, best?.from, best?.to], [at, 1, 3]);
  }
});

test('no tokens give no spans', () => {
  const crf = trainCrf([], OPTIONS);
  assert.deepEqual(spanChances(crf, { starts: new Int32Array(1), rows: new Int32Array(0) }, 0), []);
});

test('the best spans never touch and never fall under the threshold', () => {
  const span = fc
    .record({
      slot: fc.nat(3),
      from: fc.nat(8),
      length: fc.integer({ min: 1, max: 4 }),
      chance: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ slot, from, length, chance }) => ({ slot, from, to: Math.min(10, from + length), chance }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 12 }), (spans) => {
      const best = bestSpans(spans, 10, 0.4);
      best.forEach((one, at) => {
        assert.ok(one.chance > 0.4);
        if (at > 0) assert.ok(best[at - 1]!.to <= one.from);
      });
      const alone = Math.max(0, ...spans.map((one) => one.chance - 0.4));
      assert.ok(best.reduce((sum, one) => sum + one.chance - 0.4, 0) >= alone - 1e-9);
    }),
  );
});

test('many slots raise how often a feature must occur to get every weight', () => {
  const long: LabelledSequence = {
    starts: Int32Array.from({ length: 20_001 }, (_, at) => at),
    rows: Int32Array.from({ length: 20_000 }, (_, at) => at % 10_000),
    labels: new Uint16Array(20_000),
  };
  assert.equal(denseFrom([long], 10_000, 10, 2, 8), 2);
  assert.ok(denseFrom([long], 10_000, 500, 2, 8) > 2);
});
