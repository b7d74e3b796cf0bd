import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBodyWorker } from './body-worker.ts';
import { type CountedBody, countTokensOf } from './count-tokens.ts';

const MODULE = new URL('./count-tokens', import.meta.url);
const bodyOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const asked = (words: number) => ({ model: 'm', messages: [{ role: 'user', content: 'word '.repeat(words) }] });

describe('the thread that reads bodies', () => {
  it('counts what this thread would count', async () => {
    const bodies = createBodyWorker();
    for (const words of [1, 500]) {
      const apart = await bodies.read<CountedBody>(MODULE, 'countTokensOf', bodyOf(asked(words)));
      assert.deepEqual(apart, await countTokensOf(bodyOf(asked(words))));
    }
  });

  it('tells every caller what is wrong with its own body, and goes on', async () => {
    const bodies = createBodyWorker();
    const read = (body: Buffer) => bodies.read<CountedBody>(MODULE, 'countTokensOf', body);
    const answers = await Promise.allSettled([
      read(Buffer.from('{')),
      read(bodyOf(asked(3))),
      read(bodyOf([])),
      read(bodyOf({ model: 'm', messages: 'none' })),
    ]);
    assert.deepEqual(
      answers.map((answer) =>
        answer.status === 'rejected' ? [answer.reason.code, answer.reason.param] : answer.value.model,
      ),
      [['invalid_request', undefined], 'm', ['invalid_request', undefined], ['invalid_request', 'messages']],
    );
  });

  it('refuses more than it can hold', async () => {
    const bodies = createBodyWorker();
    const all = await Promise.allSettled(
      Array.from({ length: 40 }, () => bodies.read<CountedBody>(MODULE, 'countTokensOf', bodyOf(asked(1)))),
    );
    const refused = all.filter((one) => one.status === 'rejected');
    assert.equal(refused.length, 8);
    assert.ok(refused.every((one) => one.reason.code === 'overloaded' && one.reason.retryAfter_s === 1));
  });
});
