import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { smallTalk } from '../testing.ts';
import type { Example } from '../types.ts';
import { packExamples } from './pack.ts';
import { createReflex, type Reflex, type ReflexOptions } from './registry.ts';
import { memoryStorage } from './storage.ts';

const EXAMPLES = smallTalk();
const CLOCK = { now: () => Date.parse('2026-11-24T12:00:00Z'), mono: () => performance.now() };
const never: ReflexOptions['train'] = (_job, { signal }) =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });

const intentOf = async (reflex: Reflex, model: string, text: string): Promise<string> =>
  (await reflex.predict(model, [text]))[0]!.intent;
const say = async (reflex: Reflex, model: string, text: string): Promise<string | undefined> =>
  (await reflex.complete(model, { messages: [{ role: 'user', text }] })).text;

describe('the registry', () => {
  it('has an untrained default that answers, but predicts nothing', async () => {
    const reflex = createReflex({ clock: CLOCK });
    assert.deepEqual(reflex.models(), ['default']);
    assert.equal(reflex.get('default')!.examples, 0);
    assert.match((await say(reflex, 'default', 'hi'))!, /Reflex/);
    await assert.rejects(reflex.predict('default', ['hi']), { code: 'conflict' });
    await assert.rejects(reflex.predict('nobody', ['hi']), { code: 'model_not_found' });
    await assert.rejects(reflex.complete('nobody', { messages: [] }), { code: 'model_not_found' });
    assert.equal(reflex.get('nobody'), undefined);
    await reflex.close();
  });

  it('trains in a worker, predicts, replies, corrects itself at once and learns the correction', async () => {
    const reflex = createReflex({ clock: CLOCK });
    const phases: string[] = [];
    const info = await reflex.train('home', EXAMPLES, { onProgress: ({ phase }) => phases.push(phase) });
    assert.deepEqual(info.intents, ['alarm', 'greet', 'light_off', 'light_on', 'weather']);
    assert.deepEqual(info.slotNames, ['city', 'room', 'time']);
    assert.equal(info.examples, EXAMPLES.length);
    assert.ok(info.bytes > 0 && info.trained_ms === CLOCK.now());
    assert.equal(info.version, 1);
    const [first] = await reflex.predict('home', ['turn on the lamp in the study']);
    assert.equal(first!.intent, 'light_on');
    assert.deepEqual(first!.slots, [{ name: 'room', value: 'study', start: 24, end: 29 }]);
    assert.ok(first!.ms >= 0);
    assert.equal(await say(reflex, 'home', 'hello'), 'Hello from the example.');
    assert.match((await say(reflex, 'home', 'wake me up at noon'))!, /alarm/);

    const added = await reflex.addExamples('home', [
      { text: 'lumos maxima', intent: 'light_on' },
      { text: 'play the blue song', intent: 'music' },
    ]);
    assert.equal(added.pending, 2);
    assert.equal(await intentOf(reflex, 'home', 'Lumos maxima!'), 'light_on');
    assert.equal(await intentOf(reflex, 'home', 'play the blue song'), 'music');
    assert.equal(await intentOf(reflex, 'home', 'turn off the lamp in the hall'), 'light_off');
    await reflex.settled();
    const after = reflex.get('home')!;
    assert.equal(after.pending, 0);
    assert.equal(after.version, 2);
    assert.equal(after.examples, EXAMPLES.length + 2);
    assert.ok(after.intents.includes('music'));
    assert.equal((await reflex.predict('home', ['play the blue song']))[0]!.best, 'music');

    const copy = createReflex({ clock: CLOCK });
    const imported = await copy.import('home2', Buffer.concat(await reflex.export('home')));
    assert.deepEqual({ ...imported, name: 'home', version: 2 }, after);
    const text = 'switch on the bedroom light';
    const [one, other] = await Promise.all([copy.predict('home2', [text]), reflex.predict('home', [text])]);
    assert.equal(one[0]!.confidence, other[0]!.confidence);
    await Promise.all([reflex.close(), copy.close()]);
  });

  it('lets the newest correction win', async () => {
    const reflex = createReflex({ clock: CLOCK, train: never });
    await reflex.addExamples('m', [{ text: 'dim it', intent: 'a' }]);
    await reflex.addExamples('m', [{ text: 'dim it', intent: 'b' }]);
    assert.equal(await intentOf(reflex, 'm', 'dim it'), 'b');
    await reflex.close();
  });

  it('takes examples back, at once and for good', async () => {
    const reflex = createReflex({ clock: CLOCK });
    await reflex.train('home', [...EXAMPLES, { text: 'gibberish of the parrot', intent: 'alarm' }]);
    assert.equal(await intentOf(reflex, 'home', 'gibberish of the parrot'), 'alarm');
    await reflex.change('home', [{ remove: { text: 'Gibberish of the parrot', intent: 'alarm' } }]);
    assert.equal(await intentOf(reflex, 'home', 'gibberish of the parrot'), 'oos');
    await reflex.settled();
    assert.equal(reflex.get('home')!.examples, EXAMPLES.length);
    await assert.rejects(reflex.change('home', [{ remove: { text: ' ' } }]), { code: 'invalid_request' });
    await reflex.close();
  });

  it('keeps versions and goes back to one, with its own examples', async () => {
    const reflex = createReflex({ clock: CLOCK });
    await reflex.train('m', EXAMPLES);
    await reflex.train('m', [...EXAMPLES, { text: 'play the blue song', intent: 'music' }]);
    const [second, first] = await reflex.versions('m');
    assert.deepEqual([second!.version, second!.active, first!.version, first!.active], [2, true, 1, false]);
    assert.equal(second!.intents, first!.intents + 1);
    assert.match(first!.hash, /^[0-9a-f]{64}$/);
    const back = await reflex.activate('m', 1);
    assert.deepEqual([back.version, back.examples, back.intents.includes('music')], [1, EXAMPLES.length, false]);
    assert.notEqual((await reflex.predict('m', ['play the blue song']))[0]!.best, 'music');
    await assert.rejects(reflex.activate('m', 9), { code: 'not_found', param: 'version' });
    await assert.rejects(reflex.versions('nobody'), { code: 'model_not_found' });
    await reflex.close();
  });

  it('sees what another process did between its start and its first look', async () => {
    const storage = memoryStorage();
    const one = createReflex({ clock: CLOCK, storage, train: never });
    const two = createReflex({ clock: CLOCK, storage, train: never });
    await two.restore();
    await one.addExamples('m', [{ text: 'dim it', intent: 'a' }]);
    assert.equal(two.get('m'), undefined);
    await two.sync();
    assert.equal(two.get('m')!.examples, 1);
    await one.remove('m');
    await one.addExamples('m', [{ text: 'light it', intent: 'b' }]);
    await two.sync();
    assert.deepEqual(two.get('m')!.intents, ['b']);
    await Promise.all([one.close(), two.close()]);
  });

  it('is never sure of the only intent it knows', async () => {
    const reflex = createReflex({ clock: CLOCK });
    await reflex.train('m', [{ text: 'open the window', intent: 'only' }]);
    for (const one of await reflex.predict('m', ['open the window', 'the', 'open the door of the house']))
      assert.ok(one.confidence <= 0.9, JSON.stringify(one));
    await reflex.close();
  });

  it('comes back from its storage with what was added last, and sees what another process does', async () => {
    const storage = memoryStorage();
    const one = createReflex({ clock: CLOCK, storage });
    const two = createReflex({ clock: CLOCK, storage, train: never });
    await one.train('m', EXAMPLES);
    await one.addExamples('m', [{ text: 'play some jazz', intent: 'music' }]);
    assert.equal(two.restored, false);
    await two.restore();
    assert.equal(two.restored, true);
    assert.deepEqual(two.models(), ['default', 'm']);
    assert.equal(await intentOf(two, 'm', 'play some jazz'), 'music');
    assert.equal(await intentOf(two, 'm', 'turn on the lamp in the study'), 'light_on');
    await one.settled();
    await two.sync();
    assert.deepEqual([two.get('m')!.version, two.get('m')!.pending], [2, 0]);
    assert.equal((await two.predict('m', ['play some jazz']))[0]!.best, 'music');
    await one.remove('m');
    await two.sync();
    assert.equal(two.get('m'), undefined);
    await Promise.all([one.close(), two.close()]);
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
    await assert.rejects(reflex.train('v', EXAMPLES, { vectors: true }), { code: 'conflict', param: 'vectors' });
    assert.deepEqual(reflex.models(), ['default']);
    await reflex.close();
  });

  it('trains one after another, merging what came meanwhile, and keeps serving when a training fails', async () => {
    const sizes: number[] = [];
    let running = 0;
    const failures: unknown[] = [];
    const reflex = createReflex({
      clock: CLOCK,
      onError: (_name, error) => failures.push(error),
      train: async ({ changes }) => {
        assert.equal(++running, 1);
        sizes.push(changes.length);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        throw new Error('no luck');
      },
    });
    for (let index = 0; index < 5; index++)
      await reflex.addExamples('m', [{ text: `text ${index}`, intent: `i${index}` }]);
    await reflex.settled();
    assert.deepEqual(sizes, [5]);
    assert.equal(failures.length, 1);
    assert.equal(await intentOf(reflex, 'm', 'text 3'), 'i3');
    await reflex.close();
  });

  it('keeps what was added while a training ran', async () => {
    let finish!: () => void;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const storage = memoryStorage();
    const reflex = createReflex({
      clock: CLOCK,
      storage,
      train: async ({ packed }, options) => {
        await gate;
        const { runJob } = await import('./train.ts');
        return runJob({ do: 'train', packed, changes: [] }, options);
      },
    });
    const training = reflex.train('m', EXAMPLES);
    await reflex.addExamples('m', [{ text: 'play some jazz', intent: 'music' }]);
    finish();
    assert.equal((await training).pending, 1);
    assert.equal((await storage.changes({ model: 'm' })).length, 1);
    assert.equal(await intentOf(reflex, 'm', 'play some jazz'), 'music');
    await reflex.close();
  });

  it('trains anew what an older release has left', async () => {
    const storage = memoryStorage();
    const artefact = {
      model: new Uint8Array([1, 2, 3]),
      packed: packExamples(EXAMPLES),
      replies: new Uint8Array(0),
      hash: '0'.repeat(64),
      facts: { examples: EXAMPLES.length, intents: ['greet'], slots: [], bytes: 3, train_s: 1, vectors: false },
    };
    const { saveVersion } = await import('./storage.ts');
    await saveVersion(storage, { model: 'old', project: 'default', now_ms: 1, changes: [] }, artefact);
    const reflex = createReflex({ clock: CLOCK, storage });
    await reflex.restore();
    await assert.rejects(reflex.predict('old', ['hello']), { code: 'conflict' });
    await reflex.settled();
    assert.equal(await intentOf(reflex, 'old', 'hello there, good morning'), 'greet');
    await reflex.close();
  });

  it('forgets on demand', async () => {
    const reflex = createReflex({ clock: CLOCK, train: never });
    await reflex.addExamples('default', [{ text: 'a b c', intent: 'x' }]);
    assert.equal(await reflex.remove('default'), true);
    assert.equal(reflex.get('default')!.examples, 0);
    assert.equal(await reflex.remove('nobody'), false);
    await reflex.close();
  });

  it('refuses bytes that are no export', async () => {
    const reflex = createReflex({ clock: CLOCK });
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array([82, 70, 88, 69, 255, 255, 255, 0]),
      new Uint8Array([82, 70, 88, 69, 2, 0, 0, 0, 123, 125]),
    ]) {
      await assert.rejects(reflex.import('x', bytes), { code: 'invalid_request' });
    }
    assert.equal(reflex.get('x'), undefined);
    await reflex.close();
  });

  it('keeps an untrained export whole', async () => {
    const reflex = createReflex({ clock: CLOCK, train: never });
    await reflex.addExamples('m', [{ text: 'open sesame', intent: 'open' }]);
    await reflex.import('n', Buffer.concat(await reflex.export('m')));
    assert.equal(await intentOf(reflex, 'n', 'open sesame'), 'open');
    await reflex.close();
  });

  it('reads large bodies elsewhere, with the same errors', async () => {
    const reflex = createReflex({ clock: CLOCK });
    const body = (examples: unknown[], rest: object = {}) =>
      Buffer.from(JSON.stringify({ name: 'm', ...rest, examples }));
    const many: Example[] = Array.from({ length: 2_000 }, (_, at) => ({
      text: `say ${at} please`,
      intent: `i${at % 7}`,
    }));
    const read = await reflex.readBody(body(many));
    assert.deepEqual([read.rest, read.batch!.count], [{ name: 'm' }, 2_000]);
    await assert.rejects(reflex.readBody(body([...many, { text: 'x' }])), {
      code: 'invalid_request',
      param: 'examples[2000]',
    });
    await assert.rejects(reflex.readBody(body([{ text: 'x' }])), { param: 'examples[0]' });
    await assert.rejects(reflex.readBody(Buffer.from(`{"a":"${'x'.repeat(40_000)}`)), /not valid JSON/);
    await assert.rejects(reflex.readBody(Buffer.from(JSON.stringify({ pad: 'x'.repeat(70_000), examples: [] }))), {
      code: 'too_large',
    });
    await reflex.close();
  });
});
