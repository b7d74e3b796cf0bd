import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assistantExamples } from './reflex-grammar.ts';

for (const language of ['en', 'zh'] as const) {
  const { train, test: held } = assistantExamples(language);

  test(`${language}: the test shows no text and no value that training has`, () => {
    const texts = new Set(train.map((example) => example.text));
    const values = new Set(train.flatMap((example) => example.slots!.map((slot) => slot.value)));
    assert.ok(train.length > 200 && held.length > 50);
    for (const { text, slots } of held) {
      assert.ok(!texts.has(text), text);
      for (const { value } of slots!) assert.ok(!values.has(value), value);
    }
  });

  test(`${language}: every slot covers its value, and both parts know the same intents`, () => {
    for (const { text, slots } of [...train, ...held])
      for (const { value, start, end } of slots!) assert.equal(text.slice(start, end), value);
    assert.deepEqual(new Set(train.map(({ intent }) => intent)), new Set(held.map(({ intent }) => intent)));
  });
}
