/** Everything at once on one model: what was acknowledged is there, here as in the storage. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { AppError } from '../../base/errors.ts';
import type { Change } from '../types.ts';
import { trainModel } from '../understanding/model.ts';
import { type Artefact, namesOf, type TrainJob } from './jobs.ts';
import { applyChanges, packExamples, packReplies, unpackExamples } from './pack.ts';
import { createReflex, type Reflex, type ReflexOptions } from './registry.ts';
import { memoryStorage, type ReflexStorage } from './storage.ts';

const MODEL = trainModel(
  ['red', 'scarlet', 'sea', 'sky'].map((text, at) => ({ text, intent: at < 2 ? 'warm' : 'cold' })),
  { calibrate: false },
);

/** Learns nothing, but keeps the books of examples as a training does. */
const bookkeeper: ReflexOptions['train'] = async (job: TrainJob, { signal }): Promise<Artefact> => {
  await nextTurn();
  signal?.throwIfAborted();
  const examples = applyChanges(job.packed ? unpackExamples(job.packed) : [], job.changes);
  return {
    model: MODEL.slice(),
    packed: packExamples(examples),
    replies: packReplies(examples),
    hash: `${examples.length}`.padStart(64, '0'),
    facts: { examples: examples.length, ...namesOf(examples), bytes: MODEL.length, train_s: 0, vectors: false },
  };
};

/** Answers after some turns of the loop, as a database does. */
function slow(storage: ReflexStorage, turns: () => number): ReflexStorage {
  const wait = async (): Promise<void> => {
    for (let left = turns(); left > 0; left--) await nextTurn();
  };
  return new Proxy(storage, {
    get:
      (target, name: keyof ReflexStorage) =>
      async (...given: never[]): Promise<unknown> => {
        await wait();
        const value = await (target[name] as (...args: never[]) => Promise<unknown>)(...given);
        await wait();
        return value;
      },
  });
}

type Step = 'add' | 'take' | 'train' | 'remove' | 'activate' | 'import' | 'predict' | 'sync';
const ALLOWED = new Set(['conflict', 'model_not_found', 'not_found']);

function perform(reflex: Reflex, step: Step, at: number, bytes: Uint8Array): Promise<unknown> {
  const example = { text: `text ${at}`, intent: `intent ${at % 3}` };
  switch (step) {
    case 'add':
      return reflex.addExamples('m', [example]);
    case 'take':
      return reflex.change('m', [{ remove: { text: `text ${at - 1}` } }]);
    case 'train':
      return reflex.train('m', [example, { text: 'base', intent: 'base' }]);
    case 'remove':
      return reflex.remove('m');
    case 'activate':
      return reflex.activate('m', 1 + (at % 4));
    case 'import':
      return reflex.import('m', bytes.slice());
    case 'predict':
      return reflex.predict('m', ['text']);
    case 'sync':
      return reflex.sync();
  }
}

async function textsOf(reflex: Reflex): Promise<string[]> {
  if (!reflex.get('m')) return [];
  const [header, packed] = await reflex.export('m');
  const { changes } = JSON.parse(Buffer.from(header!.subarray(8)).toString()) as { changes: Change[] };
  const examples = packed!.length > 0 ? unpackExamples(packed!) : [];
  return applyChanges(examples, changes).map(({ text }) => text);
}

const stepOf = fc.oneof(
  { arbitrary: fc.constantFrom<Step>('add', 'take', 'train', 'remove', 'activate', 'sync'), weight: 12 },
  { arbitrary: fc.constantFrom<Step>('import', 'predict'), weight: 1 },
);

describe('a model that many work on at once', () => {
  it('ends in one state, the same here, in the storage and in another process, with all that was acknowledged last', async () => {
    const source = createReflex({ train: bookkeeper });
    await source.train('x', [{ text: 'imported', intent: 'base' }]);
    const bytes = Buffer.concat(await source.export('x'));
    await source.close();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(stepOf, fc.boolean()), { minLength: 2, maxLength: 14 }),
        fc.infiniteStream(fc.nat(4)),
        async (steps, delays) => {
          const storage = memoryStorage();
          const options = { storage: slow(storage, () => delays.next().value as number), train: bookkeeper };
          const [one, two] = [createReflex({ ...options, quiet_ms: 0 }), createReflex({ ...options, quiet_ms: 0 })];
          await Promise.all([one.restore(), two.restore()]);
          const outcomes = await Promise.allSettled(
            steps.map(([step, isOther], at) => perform(isOther ? two : one, step, at, bytes)),
          );
          for (const outcome of outcomes)
            if (outcome.status === 'rejected')
              assert.ok(
                outcome.reason instanceof AppError && ALLOWED.has(outcome.reason.code),
                String(outcome.reason?.stack ?? outcome.reason),
              );
          await Promise.all([one.sync(), two.sync()]);
          // From here on nothing is taken away: every example that is acknowledged stays.
          const last = ['p', 'q', 'r', 's'];
          await Promise.all(last.map((text, at) => (at % 2 ? one : two).addExamples('m', [{ text, intent: 'last' }])));
          for (let round = 0; round < 3; round++) {
            await Promise.all([one.settled(), two.settled()]);
            await Promise.all([one.sync(), two.sync()]);
          }
          const fresh = createReflex({ storage, train: bookkeeper });
          await fresh.restore();
          const wanted = await textsOf(fresh);
          for (const text of last) assert.ok(wanted.includes(text), `${text} is missing of ${wanted}`);
          for (const reflex of [one, two]) {
            assert.deepEqual(await textsOf(reflex), wanted);
            assert.equal(reflex.get('m')!.version, fresh.get('m')!.version);
          }
          assert.equal((await one.predict('m', ['p'])).length, 1);
          await Promise.all([one.close(), two.close(), fresh.close()]);
        },
      ),
      { numRuns: 12, endOnFailure: true },
    );
  });

  it('is gone for good when it is removed while it is trained and added to', async () => {
    const storage = memoryStorage();
    const reflex = createReflex({ storage: slow(storage, () => 2), train: bookkeeper, quiet_ms: 0 });
    await reflex.train('m', [{ text: 'a', intent: 'x' }]);
    const late = [
      reflex.train('m', [{ text: 'b', intent: 'x' }]),
      reflex.addExamples('m', [{ text: 'c', intent: 'x' }]),
      reflex.addExamples('m', [{ text: 'd', intent: 'x' }]),
    ].map((one) => one.catch((error: AppError) => error.code));
    await nextTurn();
    assert.equal(await reflex.remove('m'), true);
    await Promise.all(late);
    await reflex.settled();
    assert.deepEqual([reflex.get('m'), await storage.list()], [undefined, []]);
    await reflex.close();
  });
});
