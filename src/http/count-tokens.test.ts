import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countTokensOf, openCounter } from './count-tokens.ts';

const bodyOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const asked = (words: number) => ({ model: 'm', messages: [{ role: 'user', content: 'word '.repeat(words) }] });

describe('the thread that counts bodies', () => {
  it('counts what this thread would count', async () => {
    const read = openCounter();
    for (const words of [1, 500]) {
      const apart = await read(bodyOf(asked(words)));
      assert.deepEqual(apart, await countTokensOf(bodyOf(asked(words))));
    }
  });

  it('tells every caller what is wrong with its own body, and goes on', async () => {
    const read = openCounter();
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
    const read = openCounter();
    const all = await Promise.allSettled(Array.from({ length: 40 }, () => read(bodyOf(asked(1)))));
    const refused = all.filter((one) => one.status === 'rejected');
    assert.equal(refused.length, 8);
    assert.ok(refused.every((one) => one.reason.code === 'overloaded' && one.reason.retryAfter_s === 1));
  });
});
