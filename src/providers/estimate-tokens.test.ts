import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { countInSlices, loadTokenizer } from './count-tokens.ts';
import {
  COUNTED_CHARS,
  estimateInput,
  estimateTokens,
  IMAGE_TOKENS,
  stopCounting,
  TOKENS_PER_MESSAGE,
  TOKENS_PER_REPLY,
  TOKENS_PER_TOOL,
  tokenizerFor,
  UNKNOWN_FILE_TOKENS,
  WORKER_FROM_CHARS,
} from './estimate-tokens.ts';
import type { ChatRequest, Part } from './protocol.ts';

after(stopCounting);

function request(content: Part[], parts: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: 'gpt-5',
    messages: [{ role: 'user', content }],
    stream: false,
    includeUsage: false,
    n: 1,
    extra: {},
    ...parts,
  };
}

describe('estimateTokens', () => {
  it('counts as the tokenizer does', async () => {
    assert.deepEqual(await estimateTokens('hello world'), { tokens: 2, tokenizer: 'o200k_base' });
    assert.deepEqual(await estimateTokens(''), { tokens: 0, tokenizer: 'o200k_base' });
    // Written text, not a command to the tokenizer.
    assert.equal((await estimateTokens('<|endoftext|>')).tokens, 7);
    const text = '今天天气不错';
    assert.notEqual((await estimateTokens(text, 'gpt-4')).tokens, (await estimateTokens(text, 'gpt-5')).tokens);
  });

  it('counts long texts in a worker, to the same number', async () => {
    const text = 'All the world is a stage. '.repeat(3000);
    assert.ok(text.length > WORKER_FROM_CHARS);
    const count = await loadTokenizer('o200k_base');
    assert.deepEqual(await estimateTokens(text), { tokens: count(text), tokenizer: 'o200k_base' });
    const [first, second] = await Promise.all([estimateTokens(`${text}!`), estimateTokens(text, 'gpt-4')]);
    assert.equal(first.tokens, count(`${text}!`));
    assert.equal(second.tokenizer, 'cl100k_base');
  });

  it('starts again after it was stopped', async () => {
    const text = 'word '.repeat(20_000);
    const before = await estimateTokens(text);
    await stopCounting();
    assert.deepEqual(await estimateTokens(text), before);
  });

  it('takes the rest of a huge text by its share', async () => {
    const text = ' a'.repeat(COUNTED_CHARS);
    assert.equal((await estimateTokens(text)).tokens, COUNTED_CHARS);
    // Half of it costs a fifth of a token per character, half a whole one.
    const mixed = ' word'.repeat(COUNTED_CHARS / 5) + ' 1'.repeat(COUNTED_CHARS / 2);
    const { tokens } = await estimateTokens(mixed);
    const exact = await loadTokenizer('o200k_base').then((count) => count(mixed));
    assert.ok(Math.abs(tokens / exact - 1) < 0.1, `${tokens} of ${exact}`);
  });

  it('chooses by name', () => {
    const old = ['gpt-4', 'gpt-4-turbo', 'openai/gpt-4-0613', 'gpt-3.5-turbo', 'text-embedding-3-small'];
    for (const model of old) assert.equal(tokenizerFor(model), 'cl100k_base');
    for (const model of ['gpt-4o', 'gpt-4.1-mini', 'gpt-5.4', 'claude-opus-5', 'doubao', '', undefined]) {
      assert.equal(tokenizerFor(model), 'o200k_base');
    }
  });
});

describe('countInSlices', () => {
  it('loses nothing and cuts no character in two', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 0, maxLength: 9000 }),
      fc.array(fc.constantFrom('🙂', ' ', 'word', '\n', '中文'), { maxLength: 5000 }).map((words) => words.join('')),
    );
    fc.assert(
      fc.property(text, (whole) => {
        const slices: string[] = [];
        countInSlices(whole, (slice) => {
          slices.push(slice);
          return 1;
        });
        assert.equal(slices.join(''), whole);
        assert.ok(slices.every((slice) => slice.length > 0 && slice.length <= 2048 && slice.isWellFormed()));
      }),
      { numRuns: 50 },
    );
  });

  it('counts prose as if it were not cut', async () => {
    const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
    const count = await loadTokenizer('o200k_base');
    const text = 'The quick brown fox jumps over the lazy dog, again and again. '.repeat(200);
    assert.equal(count(text), countTokens(text));
  });
});

describe('estimateInput', () => {
  it('adds up messages, tools, schema and media', async () => {
    const text: Part = { type: 'text', text: 'hello world' };
    assert.deepEqual(await estimateInput(request([text])), {
      tokens: TOKENS_PER_REPLY + TOKENS_PER_MESSAGE + 2,
      tokenizer: 'o200k_base',
      mediaTokens: 0,
    });
    const withTool = await estimateInput(
      request([text], { tools: [{ name: 'f', description: 'does', parameters: {} }] }),
    );
    assert.ok(withTool.tokens > TOKENS_PER_REPLY + TOKENS_PER_MESSAGE + 2 + TOKENS_PER_TOOL);
    const schema = { type: 'object', properties: { name: { type: 'string' } } };
    const withSchema = await estimateInput(
      request([text], { responseFormat: { type: 'json_schema', name: 'r', schema } }),
    );
    assert.ok(withSchema.tokens > TOKENS_PER_REPLY + TOKENS_PER_MESSAGE + 10);
  });

  it('takes images, sounds and files by their constants', async () => {
    const image: Part = { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } };
    const media = async (part: Part, model = 'gpt-5') => (await estimateInput(request([part], { model }))).mediaTokens;
    assert.equal(await media(image), IMAGE_TOKENS.default);
    assert.equal(await media({ ...image, detail: 'low' }), IMAGE_TOKENS.low);
    assert.equal(await media(image, 'anthropic/claude-opus-5'), IMAGE_TOKENS.claude);
    assert.equal(await media(image, 'gemini/gemini-3.5-flash'), IMAGE_TOKENS.gemini);
    const inResult: Part = { type: 'tool_result', callId: 'a', content: [image, image] };
    assert.equal(await media(inResult), 2 * IMAGE_TOKENS.default);
    const second = { kind: 'base64', mediaType: 'audio/mp3', data: 'A'.repeat(21_336) } as const;
    assert.equal(await media({ type: 'audio', source: second }), 64);
    assert.equal(await media({ type: 'file', source: { kind: 'file_id', id: 'f' } }), UNKNOWN_FILE_TOKENS);
    const words: Part = {
      type: 'file',
      source: { kind: 'base64', mediaType: 'text/plain', data: Buffer.from('hello world').toString('base64') },
    };
    assert.deepEqual(
      await estimateInput(request([words])),
      await estimateInput(request([{ type: 'text', text: 'hello world' }])),
    );
  });

  it('is at least its overhead for an empty conversation', async () => {
    assert.equal((await estimateInput(request([], { messages: [] }))).tokens, TOKENS_PER_REPLY);
  });
});
