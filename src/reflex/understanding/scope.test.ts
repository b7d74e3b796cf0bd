import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { softmax } from './calibrate.ts';
import { random } from './classifier.ts';
import { type Evidence, fitScope, type Judged, scopeScore, signalsOf } from './scope.ts';

function evidence(margins: number[], unseen: number, likeness: number): Evidence {
  const own = Float32Array.from(margins);
  const mean = softmax(own, 4);
  const near = new Float32Array(margins.length).fill(likeness);
  return {
    margins: own,
    logits: new Float32Array(0),
    members: [mean],
    mean,
    likeness: { nearest: near, centroid: near },
    unseen,
    features: 10,
  };
}

const next = random(4);
const noise = () => (next() - 0.5) * 0.6;
function judged(outside: boolean): Judged {
  const far = outside ? 0 : 1;
  return {
    signals: signalsOf(
      evidence(
        [far * 1.5 - 0.8 + noise(), -0.9 + noise(), -1],
        0.5 - far * 0.4 + noise() / 2,
        0.2 + far * 0.5 + noise() / 2,
      ),
    ),
    outside,
    real: false,
  };
}

describe('the out-of-scope test', () => {
  const data = Array.from({ length: 600 }, (_, at) => judged(at % 3 === 0));
  const scope = fitScope(data)!;

  it('keeps 98 % of what is in scope and finds most of the rest', () => {
    const fresh = Array.from({ length: 600 }, (_, at) => judged(at % 3 === 0));
    const out = (one: Judged) => scopeScore(scope, one.signals) >= scope.threshold;
    const share = (outside: boolean) => {
      const own = fresh.filter((one) => one.outside === outside);
      return own.filter(out).length / own.length;
    };
    assert.ok(share(false) < 0.05, `${share(false)}`);
    assert.ok(share(true) > 0.6, `${share(true)}`);
  });

  it('is not fit on a handful', () => {
    assert.equal(fitScope(data.slice(0, 20)), undefined);
    assert.equal(fitScope(data.filter((one) => !one.outside)), undefined);
    assert.equal(fitScope([]), undefined);
  });

  it('gives finite signals and a probability for any evidence', () => {
    const number = fc.float({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 6 }),
        fc.float({ min: 0, max: 1, noNaN: true }),
        (margins, unseen) => {
          const signals = signalsOf(evidence(margins, unseen, 0.3));
          assert.ok(signals.every(Number.isFinite));
          const score = scopeScore(scope, signals);
          assert.ok(score >= 0 && score <= 1);
        },
      ),
    );
  });
});
