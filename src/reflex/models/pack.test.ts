import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Change, Example } from '../types.ts';
import { applyChanges, packExamples, packReplies, sameText, unpackExamples, unpackReplies } from './pack.ts';

const example = fc.record(
  { text: fc.constantFrom('a one', 'A one', 'b two', 'c three'), intent: fc.constantFrom('x', 'y', 'oos') },
  { noNullPrototype: true },
);
const change = fc.oneof(
  example.map((add): Change => ({ add })),
  fc
    .record(
      { text: fc.constantFrom('a one', 'b two', 'd four'), intent: fc.constantFrom('x', 'y') },
      { requiredKeys: ['text'] },
    )
    .map((remove): Change => ({ remove })),
);

describe('packed examples', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(example), (examples) => {
        assert.deepEqual(unpackExamples(packExamples(examples)), examples);
      }),
    );
    assert.deepEqual(unpackExamples(Buffer.from('[{"text":"a","intent":"b"}]')), [{ text: 'a', intent: 'b' }]);
    assert.throws(() => unpackExamples(Buffer.from([0x1f, 0x8b, 0, 0])), { code: 'invalid_request' });
  });

  it('carry the newest answers of each intent', () => {
    const examples: Example[] = Array.from({ length: 60 }, (_, at) => ({
      text: `t${at}`,
      intent: 'a',
      ...(at > 0 && { reply: `r${at}` }),
    }));
    const table = unpackReplies(packReplies(examples));
    assert.equal(table.get('a')!.length, 50);
    assert.deepEqual(table.get('a')![0], { text: 't59', reply: 'r59' });
    assert.equal(unpackReplies(new Uint8Array(0)).size, 0);
  });
});

describe('changes to examples', () => {
  it('replace what said otherwise of the same text, and take back', () => {
    const before: Example[] = [
      { text: 'dim it', intent: 'music' },
      { text: 'louder', intent: 'music' },
      { text: 'Dim it', intent: 'light' },
    ];
    assert.deepEqual(applyChanges(before, [{ add: { text: 'DIM IT', intent: 'light' } }]), [
      before[1],
      before[2],
      { text: 'DIM IT', intent: 'light' },
    ]);
    assert.deepEqual(applyChanges(before, [{ remove: { text: 'dim it', intent: 'music' } }]), before.slice(1));
    assert.deepEqual(applyChanges(before, [{ remove: { text: 'dim it' } }]), [before[1]]);
  });

  it('end with the last word on every text that they name', () => {
    fc.assert(
      fc.property(fc.array(example), fc.array(change), (examples, changes) => {
        const after = applyChanges(examples, changes);
        const last = new Map(changes.map((one) => [sameText('add' in one ? one.add.text : one.remove.text), one]));
        for (const [key, one] of last) {
          const intents = new Set(after.filter(({ text }) => sameText(text) === key).map(({ intent }) => intent));
          if ('add' in one) assert.deepEqual([...intents], [one.add.intent]);
          else assert.equal(one.remove.intent === undefined ? intents.size : Number(intents.has(one.remove.intent)), 0);
        }
        const untouched = (list: readonly Example[]) => list.filter(({ text }) => !last.has(sameText(text)));
        assert.deepEqual(untouched(after), untouched(examples));
      }),
    );
  });
});
