import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { confidenceOf, fitConfidence, fitTemperature } from './calibrate.ts';
import { random, trainSvm } from './classifier.ts';
import { blend, scoresOf, trainEnsemble } from './ensemble.ts';
import type { SparseVector } from './features.ts';
import { fitLogistic } from './logistic.ts';
import { mlpScores, quantizeMlp, trainMlp } from './mlp.ts';
import { learnNeighbours, likenessOf } from './neighbours.ts';

function vector(rows: number[]): SparseVector {
  const value = 1 / Math.sqrt(rows.length || 1);
  return {
    rows: Int32Array.from(rows),
    values: new Float32Array(rows.length).fill(value),
    unseen: 0,
    features: rows.length,
    known: rows.length,
    ends: [rows.length, rows.length, rows.length, rows.length],
    meaning: new Float32Array(0),
  };
}

/** Two classes that no single feature tells apart: equal or different signs of two switches. */
const SWITCHES = [vector([0, 2]), vector([0, 3]), vector([1, 2]), vector([1, 3])];
const LABELS = Int32Array.from([0, 1, 1, 0]);
const best = (scores: ArrayLike<number>) => Array.from(scores).indexOf(Math.max(...Array.from(scores)));

describe('members', () => {
  it('a network learns what no linear machine can', () => {
    const linear = trainSvm(SWITCHES, LABELS, { classes: 2, features: 4, cost: 1, epochs: 50, seed: 1 });
    assert.ok(linear.every((weight) => Math.abs(weight) < 0.2));
    const many = Array.from({ length: 50 }, () => SWITCHES).flat();
    const labels = Int32Array.from(many, (_, at) => LABELS[at % 4]!);
    const network = quantizeMlp(
      trainMlp(many, labels, {
        classes: 2,
        features: 4,
        hidden: 32,
        epochs: 40,
        seed: 3,
        featureDropout: 0,
        hiddenDropout: 0,
        embeddingRate: 0.2,
        outputRate: 0.1,
      }),
    );
    assert.deepEqual(
      SWITCHES.map((one) => best(mlpScores(one, network))),
      [0, 1, 1, 0],
    );
  });

  it('learn from texts that belong to no class to be sure of none', () => {
    const vectors = Array.from({ length: 60 }, (_, at) => vector([at % 3]));
    const labels = Int32Array.from(vectors, (_, at) => [0, 1, -1][at % 3]!);
    const plan = {
      classes: 2,
      features: 3,
      networkFeatures: 3,
      meaningFeatures: 0,
      networks: 1,
      hidden: 8,
      epochs: 10,
      networkEpochs: 10,
      seed: 5,
    };
    const ensemble = trainEnsemble(vectors, labels, plan);
    const how = { temperature: 4, networkTemperature: 1, share: 0.5 };
    const top = (row: number) => Math.max(...blend(scoresOf(vector([row]), ensemble), how).mean);
    assert.ok(top(0) > top(2) + 0.2 && top(1) > top(2) + 0.2);
    assert.deepEqual(
      [0, 1].map((row) => best(blend(scoresOf(vector([row]), ensemble), how).mean)),
      [0, 1],
    );
  });

  it('mix into probabilities', () => {
    const { mean, members } = blend(
      { margins: Float32Array.from([1, -1, 0]), logits: Float32Array.from([0, 2, 0]) },
      { temperature: 3, networkTemperature: 1, share: 0.25 },
    );
    assert.equal(members.length, 2);
    assert.ok(Math.abs(mean.reduce((sum, value) => sum + value, 0) - 1) < 1e-9);
    assert.ok(Math.abs(mean[0]! - (0.25 * members[0]![0]! + 0.75 * members[1]![0]!)) < 1e-12);
  });
});

describe('neighbours', () => {
  const known = learnNeighbours(
    [vector([0, 1]), vector([0, 2]), vector([3]), vector([4])],
    Int32Array.from([0, 0, 1, -1]),
    2,
    5,
  );

  it('say how near the nearest example and the middle of a class are', () => {
    const { nearest, centroid } = likenessOf(vector([0, 1]), known);
    assert.ok(Math.abs(nearest[0]! - 1) < 0.01 && nearest[1] === 0);
    assert.ok(centroid[0]! > 0.8 && centroid[0]! < 0.95 && centroid[1] === 0);
    assert.ok(Math.abs(likenessOf(vector([3]), known).centroid[1]! - 1) < 0.01);
  });

  it('do not know what belongs to no class, nor an empty text', () => {
    for (const one of [vector([4]), vector([])])
      assert.deepEqual(likenessOf(one, known), { nearest: new Float32Array(2), centroid: new Float32Array(2) });
  });
});

describe('calibration', () => {
  it('a logistic regression finds the odds that made its labels', () => {
    const next = random(9);
    const rows = Array.from({ length: 4_000 }, () => [next() * 4 - 2, 1]);
    const labels = rows.map(([value]) => (next() < 1 / (1 + Math.exp(-(2 * value! - 0.5))) ? 1 : 0));
    const [slope, shift] = fitLogistic(
      rows,
      labels,
      rows.map(() => 1),
    );
    assert.ok(Math.abs(slope! - 2) < 0.3 && Math.abs(shift! + 0.5) < 0.2);
  });

  it('bends what is too sure, and leaves alone what it can not judge', () => {
    const heldOut = Array.from({ length: 1_000 }, (_, at) => ({ probability: 0.99, right: at % 10 < 7 }));
    assert.ok(Math.abs(confidenceOf(fitConfidence(heldOut), 0.99) - 0.7) < 0.05);
    const allRight = fitConfidence(heldOut.map(({ probability }) => ({ probability, right: true })));
    assert.ok(Math.abs(confidenceOf(allRight, 0.8) - 0.8) < 1e-9);
  });

  it('is sharper where margins tell the truth', () => {
    const one = (right: boolean) => ({ margins: Float32Array.from([1, -1]), label: right ? 0 : 1 });
    const sure = Array.from({ length: 100 }, () => one(true));
    const unsure = Array.from({ length: 100 }, (_, at) => one(at % 3 > 0));
    assert.ok(fitTemperature(sure) > fitTemperature(unsure));
    assert.equal(fitTemperature([]), 4);
  });
});
