import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Store } from '../../store/index.ts';
import { smallTalk } from '../testing.ts';
import { takeOverSettings } from './old-settings.ts';
import { createReflex } from './registry.ts';

function settingsOf(values: Map<string, unknown>): Store['settings'] {
  return {
    get: async (name: string) => values.get(name),
    put: async (name: string, value: unknown) => void values.set(name, value),
  } as Store['settings'];
}

/** As a release before 0.2 wrote a model that was never trained: its examples in the header. */
function formOne(texts: string[]): string {
  const examples = texts.map((text) => ({ text, intent: 'old' }));
  const json = Buffer.from(JSON.stringify({ version: 1, examples, pending: examples.length }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return gzipSync(Buffer.concat([Buffer.from('RFXE'), length, json])).toString('base64');
}

describe('models of an older release', () => {
  it('are taken over once, each by itself: one that is damaged stays and is told', async () => {
    const values = new Map<string, unknown>([
      ['reflex.models', ['damaged', 'whole', 'added']],
      ['reflex.model:damaged', Buffer.from('no gzip').toString('base64')],
      ['reflex.model:whole', formOne(['what it was', 'what it had'])],
      ['reflex.added:added', smallTalk()],
    ]);
    const reflex = createReflex({ train: () => new Promise(() => {}) });
    await assert.rejects(takeOverSettings(reflex, settingsOf(values)), /damaged/);
    assert.equal(reflex.get('whole')!.examples, 2);
    assert.equal(reflex.get('added')!.examples, smallTalk().length);
    assert.deepEqual(values.get('reflex.models'), ['damaged']);
    assert.deepEqual([values.get('reflex.model:whole'), values.get('reflex.added:added')], [null, []]);
    await assert.rejects(takeOverSettings(reflex, settingsOf(values)), /damaged/);
    assert.equal(reflex.get('whole')!.examples, 2);
    await reflex.remove('whole');
  });

  it('are none where there is nothing', async () => {
    const reflex = createReflex();
    await takeOverSettings(reflex, settingsOf(new Map()));
    assert.deepEqual(reflex.models(), ['default']);
  });
});
