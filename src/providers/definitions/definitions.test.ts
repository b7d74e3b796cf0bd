import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { definitions, recognise } from './index.ts';

/** The providers of the price book that have an API here. */
const PRICED = new Set([
  'anthropic',
  'byteplus-modelark',
  'dashscope-cn',
  'dashscope-intl',
  'deepseek',
  'google',
  'local',
  'minimax',
  'mistral',
  'moonshot',
  'openai',
  'volcengine-ark',
  'xai',
  'zhipu',
]);

describe('definitions', () => {
  it('have names and variables of their own', () => {
    const names = definitions.map((definition) => definition.name);
    assert.equal(new Set(names).size, names.length);
    const variables = definitions.flatMap((definition) => definition.env ?? []);
    assert.equal(new Set(variables).size, variables.length);
    for (const name of names) assert.match(name, /^[a-z][a-z0-9-]*$/);
  });

  it('cover every provider of the price book, and name none that is not in it', () => {
    const priced = new Set(definitions.flatMap((definition) => definition.priceProvider ?? []));
    assert.deepEqual([...priced].toSorted(), [...PRICED].toSorted());
  });

  it('have an address that can be called', () => {
    for (const { name, baseUrl, protocol } of definitions) {
      if (baseUrl === undefined) assert.ok(['azure', 'vertex', 'bedrock'].includes(protocol), name);
      else {
        const url = new URL(baseUrl);
        assert.ok(url.protocol === 'https:' || url.hostname === '127.0.0.1', name);
        assert.ok(!baseUrl.endsWith('/'), name);
      }
    }
  });
});

describe('recognise', () => {
  const known = (name: string, protocol: 'openai' | 'ark' | 'anthropic' | 'gguf', url?: string) => {
    const found = recognise(name, protocol, url === undefined ? undefined : new URL(url));
    return found && [found.definition.name, found.ownAddress];
  };

  it('goes by address, then name, then protocol', () => {
    assert.deepEqual(known('mine', 'openai', 'https://api.deepseek.com/v1'), ['deepseek', true]);
    assert.deepEqual(known('mine', 'openai', 'https://eu.api.openai.com/v1'), ['openai', true]);
    assert.deepEqual(known('openai', 'openai'), ['openai', true]);
    assert.deepEqual(known('openai', 'openai', 'http://127.0.0.1:9001/v1'), ['openai', false]);
    assert.deepEqual(known('mock', 'openai', 'http://127.0.0.1:9001/v1'), ['openai-compatible', false]);
    assert.deepEqual(known('mock', 'ark', 'http://127.0.0.1:9001/api/v3'), ['ark', false]);
    assert.deepEqual(known('mock', 'anthropic', 'https://api.anthropic.com.evil.example/'), ['anthropic', false]);
    assert.equal(known('local', 'gguf'), undefined);
  });

  it('does not take a loopback address for vLLM', () => {
    assert.deepEqual(known('mock', 'openai', 'http://127.0.0.1:8000/v1'), ['openai-compatible', false]);
  });
});
