import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createReflex } from './registry.ts';
import { smallTalk } from './testing.ts';
import type { Example } from './types.ts';

const EXAMPLES = smallTalk();
const CLOCK = { now: () => Date.parse('2026-11-24T12:00:00Z'), mono: () => performance.now() };

describe('the registry', () => {
  it('has an untrained default that answers, but predicts nothing', () => {
    const reflex = createReflex({ clock: CLOCK });
    assert.deepEqual(reflex.models(), ['default']);
    assert.equal(reflex.get('default')!.examples, 0);
    assert.match(reflex.complete('default', { messages: [{ role: 'user', text: 'hi' }] }).text!, /Reflex/);
    assert.throws(() => reflex.predict('default', ['hi']), { code: 'conflict' });
    assert.throws(() => reflex.predict('nobody', ['hi']), { code: 'model_not_found' });
    assert.throws(() => reflex.complete('nobody', { messages: [] }), { code: 'model_not_found' });
    assert.equal(reflex.get('nobody'), undefined);
  });

  it('trains in a worker, predicts, replies, corrects itself at once and learns the correction', async () => {
    const reflex = createReflex({ clock: CLOCK });
    const info = await reflex.train('home', EXAMPLES);
    assert.deepEqual(info.intents, ['alarm', 'greet', 'light_off', 'light_on', 'weather']);
    assert.deepEqual(info.slotNames, ['city', 'room', 'time']);
    assert.equal(info.examples, EXAMPLES.length);
    assert.ok(info.bytes > 0 && info.trained_ms === CLOCK.now());
    const [first] = reflex.predict('home', ['turn on the lamp in the study']);
    assert.equal(first!.intent, 'light_on');
    assert.deepEqual(first!.slots, [{ name: 'room', value: 'study', start: 24, end: 29 }]);
    assert.ok(first!.ms >= 0);
    assert.equal(
      reflex.complete('home', { messages: [{ role: 'user', text: 'hello' }] }).text,
      'Hello from the example.',
    );
    assert.match(reflex.complete('home', { messages: [{ role: 'user', text: 'wake me up at noon' }] }).text!, /alarm/);

    const added = reflex.addExamples('home', [
      { text: 'lumos maxima', intent: 'light_on' },
      { text: 'play the blue song', intent: 'music' },
    ]);
    assert.equal(added.pending, 2);
    assert.equal(reflex.predict('home', ['Lumos maxima!'])[0]!.intent, 'light_on');
    assert.equal(reflex.predict('home', ['play the blue song'])[0]!.intent, 'music');
    assert.equal(reflex.predict('home', ['turn off the lamp in the hall'])[0]!.intent, 'light_off');
    await reflex.settled();
    const after = reflex.get('home')!;
    assert.equal(after.pending, 0);
    assert.equal(after.examples, EXAMPLES.length + 2);
    assert.ok(after.intents.includes('music'));
    assert.equal(reflex.predict('home', ['play the blue song'])[0]!.best, 'music');

    const copy = createReflex({ clock: CLOCK });
    assert.deepEqual({ ...copy.import('home2', reflex.export('home')), name: 'home' }, after);
    const text = 'switch on the bedroom light';
    assert.equal(copy.predict('home2', [text])[0]!.confidence, reflex.predict('home', [text])[0]!.confidence);
    await reflex.close();
  });

  it('lets the newest correction win', () => {
    const reflex = createReflex({ clock: CLOCK, train: () => new Promise(() => {}) });
    reflex.addExamples('m', [{ text: 'dim it', intent: 'a' }]);
    reflex.addExamples('m', [{ text: 'dim it', intent: 'b' }]);
    assert.equal(reflex.predict('m', ['dim it'])[0]!.intent, 'b');
  });

  it('stops a training when asked, and leaves no half-made model behind', async () => {
    const reflex = createReflex({ clock: CLOCK });
    await assert.rejects(reflex.train('x', EXAMPLES, { signal: AbortSignal.abort(new Error('stop')) }), /stop/);
    assert.equal(reflex.get('x'), undefined);
    const controller = new AbortController();
    const training = reflex.train('y', EXAMPLES, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await assert.rejects(training, /enough/);
    await assert.rejects(reflex.train('z', []), { code: 'invalid_request' });
    await assert.rejects(reflex.train(' ', EXAMPLES), { code: 'invalid_request', param: 'name' });
    assert.deepEqual(reflex.models(), ['default']);
  });

  it('trains one after another, merging what came meanwhile, and keeps serving when a training fails', async () => {
    const sizes: number[] = [];
    let running = 0;
    const failures: unknown[] = [];
    const reflex = createReflex({
      clock: CLOCK,
      onError: (_name, error) => failures.push(error),
      train: async (examples: readonly Example[]) => {
        assert.equal(++running, 1);
        sizes.push(examples.length);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        throw new Error('no luck');
      },
    });
    for (let index = 0; index < 5; index++) reflex.addExamples('m', [{ text: `text ${index}`, intent: `i${index}` }]);
    await reflex.settled();
    assert.deepEqual(sizes, [5]);
    assert.equal(failures.length, 1);
    assert.equal(reflex.predict('m', ['text 3'])[0]!.intent, 'i3');
  });

  it('forgets on demand', () => {
    const reflex = createReflex({ clock: CLOCK, train: () => new Promise(() => {}) });
    reflex.addExamples('default', [{ text: 'a b c', intent: 'x' }]);
    assert.equal(reflex.remove('default'), true);
    assert.equal(reflex.get('default')!.examples, 0);
    assert.equal(reflex.remove('nobody'), false);
  });

  it('refuses bytes that are no export', () => {
    const reflex = createReflex({ clock: CLOCK });
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array([82, 70, 88, 69, 255, 255, 255, 0]),
      new Uint8Array([82, 70, 88, 69, 2, 0, 0, 0, 123, 125]),
    ]) {
      assert.throws(() => reflex.import('x', bytes), { code: 'invalid_request' });
    }
    assert.equal(reflex.get('x'), undefined);
  });

  it('keeps an untrained export whole', () => {
    const reflex = createReflex({ clock: CLOCK, train: () => new Promise(() => {}) });
    reflex.addExamples('m', [{ text: 'open sesame', intent: 'open' }]);
    reflex.import('n', reflex.export('m'));
    assert.equal(reflex.predict('n', ['open sesame'])[0]!.intent, 'open');
  });
});
