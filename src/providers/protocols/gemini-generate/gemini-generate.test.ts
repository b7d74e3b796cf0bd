import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AppError } from '../../../base/errors.ts';
import { totalTokens, type UsageVector } from '../../../contract/usage.ts';
import type { ChatRequest, JsonObject, Message, Reasoning, StreamEvent } from '../../protocol.ts';
import { FailedReplyError, GEMINI_SIGNATURE_PREFIX, geminiGenerateApi, vertexGenerateApi } from './index.ts';
import { readServedTier, readUsage } from './usage.ts';

const target = { model: 'gemini-3.5-flash', quirks: {} };

function request(parts: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: 'gemini/x',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    stream: false,
    includeUsage: false,
    n: 1,
    extra: {},
    ...parts,
  };
}

function build(parts: Partial<ChatRequest>, model = target.model) {
  return geminiGenerateApi.build(request(parts), { model, quirks: {} });
}

function fixture(name: string): Buffer {
  return readFileSync(new URL(`./fixtures/${name}.sse`, import.meta.url));
}

/** All events of a stream whose bytes come in pieces cut at `cuts`. */
function decode(bytes: Buffer, cuts: number[] = []): StreamEvent[] {
  const decoder = geminiGenerateApi.openStream(target);
  const events: StreamEvent[] = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
    events.push(...decoder.push(bytes.subarray(start, cut)));
    start = cut;
  }
  return [...events, ...decoder.end()];
}

describe('gemini usage', () => {
  const cases: { name: string; raw: JsonObject; vector?: UsageVector; problem?: RegExp }[] = [
    {
      name: 'candidates leave thoughts out, the prompt includes the cache',
      raw: {
        promptTokenCount: 1000,
        cachedContentTokenCount: 600,
        candidatesTokenCount: 50,
        thoughtsTokenCount: 200,
        totalTokenCount: 1250,
      },
      vector: { input: 400, cache_read: 600, output: 50, reasoning: 200 },
    },
    { name: 'absent is zero', raw: { promptTokenCount: 5, totalTokenCount: 5 }, vector: { input: 5, output: 0 } },
    {
      name: 'stated zeros are kept',
      raw: {
        promptTokenCount: 0,
        candidatesTokenCount: 0,
        thoughtsTokenCount: 0,
        cachedContentTokenCount: 0,
        totalTokenCount: 0,
      },
      vector: { input: 0, output: 0, reasoning: 0, cache_read: 0 },
    },
    {
      name: 'tool use stands beside the prompt',
      raw: { promptTokenCount: 10, toolUsePromptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 20 },
      vector: { input: 17, output: 3 },
    },
    {
      name: 'a total that leaves tool use out is the other documented one',
      raw: { promptTokenCount: 10, toolUsePromptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 13 },
      vector: { input: 17, output: 3 },
    },
    {
      name: 'audio and images apart, video and documents with the text',
      raw: {
        promptTokenCount: 100,
        candidatesTokenCount: 30,
        totalTokenCount: 130,
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 10 },
          { modality: 'IMAGE', tokenCount: 20 },
          { modality: 'AUDIO', tokenCount: 30 },
          { modality: 'VIDEO', tokenCount: 40 },
        ],
        candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 25 }],
      },
      vector: { input: 50, audio_in: 30, image_in: 20, output: 5, image_out: 25 },
    },
    {
      name: 'cached audio is a cache read',
      raw: {
        promptTokenCount: 100,
        cachedContentTokenCount: 60,
        totalTokenCount: 100,
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 40 },
          { modality: 'AUDIO', tokenCount: 60 },
        ],
        cacheTokensDetails: [
          { modality: 'TEXT', tokenCount: 20 },
          { modality: 'AUDIO', tokenCount: 40 },
        ],
      },
      vector: { input: 20, audio_in: 20, cache_read: 60, output: 0 },
    },
    {
      name: 'a wrong total',
      raw: { promptTokenCount: 10, candidatesTokenCount: 3, totalTokenCount: 14 },
      problem: /totalTokenCount/,
    },
    {
      name: 'more cached than read',
      raw: { promptTokenCount: 10, cachedContentTokenCount: 11 },
      problem: /cachedContent/,
    },
    { name: 'a negative count', raw: { promptTokenCount: -1 }, problem: /promptTokenCount/ },
    { name: 'a fraction', raw: { promptTokenCount: 1.5 }, problem: /promptTokenCount/ },
    { name: 'a number as text', raw: { promptTokenCount: '12' }, problem: /promptTokenCount/ },
    {
      name: 'details beyond their sum',
      raw: { promptTokenCount: 10, promptTokensDetails: [{ modality: 'IMAGE', tokenCount: 11 }] },
      problem: /promptTokensDetails/,
    },
    {
      name: 'a cache that fits no kind',
      raw: {
        promptTokenCount: 10,
        cachedContentTokenCount: 5,
        promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 10 }],
      },
      problem: /cacheTokensDetails/,
    },
  ];
  for (const { name, raw, vector, problem } of cases) {
    it(name, () => {
      const reading = readUsage(raw)!;
      assert.equal(reading.raw, raw);
      if (vector) assert.deepEqual({ source: reading.source, vector: reading.vector }, { source: 'provider', vector });
      else {
        assert.deepEqual({ source: reading.source, vector: reading.vector }, { source: 'unreconciled', vector: {} });
        assert.match(reading.problem!, problem!);
      }
    });
  }

  it('is undefined where nothing was counted', () => {
    assert.equal(readUsage(undefined), undefined);
    assert.equal(readUsage({}), undefined);
    assert.equal(readUsage({ trafficType: 'ON_DEMAND' }), undefined);
  });

  it('adds up to the total, whatever the parts', () => {
    const count = fc.nat({ max: 1_000_000 });
    fc.assert(
      fc.property(count, count, count, count, count, count, (text, image, audio, cached, output, thoughts) => {
        const prompt = text + image + audio + cached;
        const reading = readUsage({
          promptTokenCount: prompt,
          cachedContentTokenCount: cached,
          candidatesTokenCount: output,
          thoughtsTokenCount: thoughts,
          totalTokenCount: prompt + output + thoughts,
          promptTokensDetails: [
            { modality: 'TEXT', tokenCount: text + cached },
            { modality: 'IMAGE', tokenCount: image },
            { modality: 'AUDIO', tokenCount: audio },
          ],
          cacheTokensDetails: [{ modality: 'TEXT', tokenCount: cached }],
        })!;
        assert.equal(totalTokens(reading.vector), prompt + output + thoughts);
        assert.equal(reading.vector.input, text);
      }),
    );
  });

  it('reads the served tier in both dialects', () => {
    assert.equal(readServedTier({ serviceTier: 'flex' }), 'flex');
    assert.equal(readServedTier({ serviceTier: 'standard' }), 'default');
    assert.equal(readServedTier({ trafficType: 'ON_DEMAND_PRIORITY' }), 'priority');
    assert.equal(readServedTier({ trafficType: 'TRAFFIC_TYPE_UNSPECIFIED' }), undefined);
    assert.equal(readServedTier({ promptTokenCount: 1 }), undefined);
  });
});

describe('gemini build', () => {
  it('writes a whole request', () => {
    const built = build({
      stream: true,
      maxOutputTokens: 100,
      temperature: 0,
      topP: 0.5,
      topK: 7,
      stop: ['END'],
      seed: 3,
      n: 2,
      presencePenalty: 0.1,
      frequencyPenalty: -0.1,
      logprobs: true,
      topLogprobs: 4,
      responseFormat: { type: 'json_schema', name: 'r', schema: { type: 'object' } },
      reasoning: { effort: 'low' },
      serviceTier: 'flex',
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
        { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', source: { kind: 'base64', mediaType: 'image/jpeg', data: 'QUJD' } },
          ],
        },
      ],
    });
    assert.equal(built.path, '/models/gemini-3.5-flash:streamGenerateContent?alt=sse');
    assert.deepEqual(built.warnings, []);
    assert.deepEqual(built.body, {
      contents: [
        { role: 'user', parts: [{ text: 'What is this?' }, { inlineData: { mimeType: 'image/jpeg', data: 'QUJD' } }] },
      ],
      systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] },
      serviceTier: 'flex',
      generationConfig: {
        maxOutputTokens: 100,
        temperature: 0,
        topP: 0.5,
        topK: 7,
        seed: 3,
        presencePenalty: 0.1,
        frequencyPenalty: -0.1,
        candidateCount: 2,
        stopSequences: ['END'],
        responseLogprobs: true,
        logprobs: 4,
        responseMimeType: 'application/json',
        responseJsonSchema: { type: 'object' },
        thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true },
      },
    });
  });

  const conversation: Message[] = [
    { role: 'user', content: [{ type: 'text', text: 'Weather in Paris and Rome?' }] },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Two calls.', signature: `${GEMINI_SIGNATURE_PREFIX}c2ln` },
        { type: 'reasoning', text: 'Foreign.', signature: 'anthropic-signature' },
        { type: 'tool_call', id: 'a', name: 'weather', arguments: '{"city":"Paris"}', signature: 'c2lnMg==' },
        { type: 'tool_call', id: 'b', name: 'weather', arguments: '{"city":"Rome"' },
      ],
    },
    { role: 'tool', content: [{ type: 'tool_result', callId: 'a', content: [{ type: 'text', text: '{"c":21}' }] }] },
    {
      role: 'tool',
      content: [{ type: 'tool_result', callId: 'b', isError: true, content: [{ type: 'text', text: 'bad JSON' }] }],
    },
    { role: 'user', content: [{ type: 'text', text: 'Go on.' }] },
  ];

  it('carries calls, answers and signatures; drops foreign thoughts by name', () => {
    const built = build({ messages: conversation });
    assert.deepEqual(built.body.contents, [
      { role: 'user', parts: [{ text: 'Weather in Paris and Rome?' }] },
      {
        role: 'model',
        parts: [
          { text: 'Two calls.', thought: true, thoughtSignature: 'c2ln' },
          { functionCall: { name: 'weather', args: { city: 'Paris' }, id: 'a' }, thoughtSignature: 'c2lnMg==' },
          { functionCall: { name: 'weather', args: { invalid_json: '{"city":"Rome"' }, id: 'b' } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'weather', response: { c: 21 }, id: 'a' } },
          { functionResponse: { name: 'weather', response: { error: 'bad JSON' }, id: 'b' } },
        ],
      },
      { role: 'user', parts: [{ text: 'Go on.' }] },
    ]);
    assert.deepEqual(built.warnings, ['reasoning', 'tool_call.arguments']);
  });

  it('names no call ids on Vertex AI, and asks for a tier by header there', () => {
    const built = vertexGenerateApi.build(request({ messages: conversation, serviceTier: 'priority' }), target);
    assert.doesNotMatch(JSON.stringify(built.body), /"id"/);
    assert.deepEqual(built.headers, { 'x-vertex-ai-llm-shared-request-type': 'priority' });
    assert.equal(built.body.serviceTier, undefined);
  });

  it('signs the first call of a foreign history for Gemini 3 only', () => {
    const messages: Message[] = [
      { role: 'user', content: [{ type: 'text', text: 'Go' }] },
      { role: 'assistant', content: [{ type: 'tool_call', id: 'a', name: 'f', arguments: '' }] },
      { role: 'tool', content: [{ type: 'tool_result', callId: 'a', content: [{ type: 'text', text: 'done' }] }] },
    ];
    const parts = (model: string) =>
      (build({ messages }, model).body.contents as JsonObject[])[1]!.parts as JsonObject[];
    assert.equal(parts('gemini-3.1-pro-preview')[0]!.thoughtSignature, 'skip_thought_signature_validator');
    assert.equal(parts('gemini-2.5-flash')[0]!.thoughtSignature, undefined);
  });

  it('puts media of a tool result where the model reads it', () => {
    const image = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'QQ==' } } as const;
    const messages: Message[] = [
      { role: 'assistant', content: [{ type: 'tool_call', id: 'a', name: 'shot', arguments: '{}' }] },
      {
        role: 'user',
        content: [{ type: 'tool_result', callId: 'a', content: [{ type: 'text', text: 'seen' }, image] }],
      },
    ];
    const inline = { inlineData: { mimeType: 'image/png', data: 'QQ==' } };
    const newer = (build({ messages }).body.contents as JsonObject[]).slice(1);
    assert.deepEqual(newer, [
      {
        role: 'user',
        parts: [{ functionResponse: { name: 'shot', response: { output: 'seen' }, id: 'a', parts: [inline] } }],
      },
    ]);
    const older = (build({ messages }, 'gemini-2.5-pro').body.contents as JsonObject[]).slice(1);
    assert.deepEqual(older, [
      { role: 'user', parts: [{ functionResponse: { name: 'shot', response: { output: 'seen' }, id: 'a' } }] },
      { role: 'user', parts: [inline] },
    ]);
  });

  it('writes tools and each tool choice', () => {
    const tools = [
      { name: 'f', description: 'F', parameters: { type: 'object', properties: { a: { type: 'string' } } } },
    ];
    assert.deepEqual(build({ tools }).body.tools, [
      { functionDeclarations: [{ name: 'f', description: 'F', parametersJsonSchema: tools[0]!.parameters }] },
    ]);
    const mode = (parts: Partial<ChatRequest>) =>
      (build({ tools, ...parts }).body.toolConfig as JsonObject | undefined)?.functionCallingConfig;
    assert.equal(mode({ toolChoice: 'auto' }), undefined);
    assert.deepEqual(mode({ toolChoice: 'none' }), { mode: 'NONE' });
    assert.deepEqual(mode({ toolChoice: 'required' }), { mode: 'ANY' });
    assert.deepEqual(mode({ toolChoice: { name: 'f' } }), { mode: 'ANY', allowedFunctionNames: ['f'] });
    assert.deepEqual(mode({ tools: [{ name: 'f', strict: true }] }), { mode: 'VALIDATED' });
    assert.deepEqual(build({ tools, parallelToolCalls: false }).warnings, ['parallel_tool_calls']);
  });

  const thinking: { wish: Reasoning; model: string; config?: JsonObject; warnings?: string[] }[] = [
    {
      wish: { effort: 'xhigh' },
      model: 'gemini-3.1-pro-preview',
      config: { thinkingLevel: 'HIGH', includeThoughts: true },
    },
    {
      wish: { effort: 'minimal' },
      model: 'gemini-3.1-pro-preview',
      config: { thinkingLevel: 'LOW', includeThoughts: true },
    },
    { wish: { effort: 'medium', summary: 'none' }, model: 'gemini-flash-latest', config: { thinkingLevel: 'MEDIUM' } },
    {
      wish: { effort: 'none' },
      model: 'gemini-3.5-flash',
      config: { thinkingLevel: 'MINIMAL' },
      warnings: ['reasoning.effort=none'],
    },
    {
      wish: { mode: 'enabled', budgetTokens: 2000 },
      model: 'gemini-3.5-flash',
      config: { thinkingBudget: 2000, includeThoughts: true },
    },
    { wish: { mode: 'auto' }, model: 'gemini-3.5-flash', config: { includeThoughts: true } },
    { wish: { effort: 'none' }, model: 'gemini-2.5-flash', config: { thinkingBudget: 0 } },
    {
      wish: { mode: 'disabled' },
      model: 'gemini-2.5-pro',
      config: { thinkingBudget: 128 },
      warnings: ['reasoning.effort=none'],
    },
    { wish: { effort: 'max' }, model: 'gemini-2.5-flash', config: { thinkingBudget: 24_576, includeThoughts: true } },
    { wish: { effort: 'max' }, model: 'gemini-2.5-pro', config: { thinkingBudget: 32_768, includeThoughts: true } },
    {
      wish: { budgetTokens: 100 },
      model: 'gemini-2.5-flash-lite',
      config: { thinkingBudget: 512, includeThoughts: true },
    },
    { wish: { mode: 'auto' }, model: 'gemini-2.5-flash', config: { thinkingBudget: -1, includeThoughts: true } },
    { wish: { effort: 'high' }, model: 'gemini-2.0-flash', warnings: ['reasoning'] },
    { wish: { effort: 'none' }, model: 'gemma-3-27b-it' },
  ];
  for (const { wish, model, config, warnings = [] } of thinking) {
    it(`thinks as asked: ${JSON.stringify(wish)} on ${model}`, () => {
      const built = build({ reasoning: wish }, model);
      assert.deepEqual((built.body.generationConfig as JsonObject | undefined)?.thinkingConfig, config);
      assert.deepEqual(built.warnings, warnings);
    });
  }

  it('takes files by address only where Gemini reads them itself', () => {
    const media = (url: string) =>
      build({ messages: [{ role: 'user', content: [{ type: 'file', source: { kind: 'url', url } }] }] }).body.contents;
    const uri = 'https://generativelanguage.googleapis.com/v1beta/files/abc-1';
    assert.deepEqual(media(uri), [{ role: 'user', parts: [{ fileData: { fileUri: uri } }] }]);
    assert.deepEqual(media('data:application/pdf;base64,QQ=='), [
      { role: 'user', parts: [{ inlineData: { mimeType: 'application/pdf', data: 'QQ==' } }] },
    ]);
    assert.throws(() => media('https://example.com/a.pdf'), {
      code: 'invalid_request',
      param: 'messages[0].content[0]',
    });
    assert.throws(() => media('gs://bucket/a.pdf'), { code: 'invalid_request' });
  });

  it('refuses what would change the meaning, and names the field', () => {
    const cases: [Partial<ChatRequest>, string][] = [
      [{ messages: [] }, 'messages'],
      [{ stop: ['1', '2', '3', '4', '5', '6'] }, 'stop'],
      [{ extra: { previous_response_id: 'resp_1' } }, 'previous_response_id'],
      [{ extra: { modalities: ['audio'] } }, 'modalities'],
      [
        { messages: [{ role: 'tool', content: [{ type: 'tool_result', callId: 'x', content: [] }] }] },
        'messages[0].content[0]',
      ],
      [
        { messages: [{ role: 'user', content: [{ type: 'file', source: { kind: 'file_id', id: 'file-1' } }] }] },
        'messages[0].content[0]',
      ],
    ];
    for (const [parts, param] of cases) assert.throws(() => build(parts), { code: 'invalid_request', param });
  });

  it('lists what it leaves out', () => {
    const built = build({
      user: 'u1',
      metadata: { a: 'b' },
      serviceTier: 'scale',
      extra: { logit_bias: { 1: 2 }, safety_settings: [{ category: 'X' }] },
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi', cache: { ttl: '5m' } }] },
        { role: 'system', content: [{ type: 'text', text: 'Late.' }] },
      ],
    });
    assert.deepEqual(built.warnings.toSorted(), [
      'cache_control',
      'logit_bias',
      'metadata',
      'service_tier',
      'system_message_position',
      'user',
    ]);
    assert.deepEqual(built.body.safetySettings, [{ category: 'X' }]);
  });
});

describe('gemini reply', () => {
  it('reads thoughts, text, calls and signatures in order', () => {
    const reply = geminiGenerateApi.parse(
      {
        responseId: 'resp-1',
        modelVersion: 'gemini-3.5-flash',
        candidates: [
          {
            index: 0,
            finishReason: 'STOP',
            content: {
              role: 'model',
              parts: [
                { text: 'Let me', thought: true },
                { text: ' see.', thought: true, thoughtSignature: 'czE=' },
                { text: 'One ' },
                { text: 'moment.', thoughtSignature: 'czI=' },
                { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'czM=' },
                { functionCall: { name: 'g', id: 'given' } },
                { inlineData: { mimeType: 'image/png', data: 'QQ==' } },
              ],
            },
          },
        ],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 9, totalTokenCount: 12, serviceTier: 'priority' },
      },
      target,
    );
    assert.equal(reply.servedTier, 'priority');
    assert.equal(reply.id, 'resp-1');
    assert.deepEqual(reply.choices, [
      {
        index: 0,
        finish: 'tool_calls',
        content: [
          { type: 'reasoning', text: 'Let me see.', signature: 'gemini:czE=' },
          { type: 'text', text: 'One moment.' },
          { type: 'reasoning', text: '', signature: 'gemini:czI=' },
          { type: 'tool_call', id: 'call_resp-1_0', name: 'f', arguments: '{"a":1}', signature: 'czM=' },
          { type: 'tool_call', id: 'given', name: 'g', arguments: '{}' },
          { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'QQ==' } },
        ],
      },
    ]);
  });

  it('goes back to Gemini as it came', () => {
    const parts: JsonObject[] = [
      { text: 'Hm.', thought: true, thoughtSignature: 'czE=' },
      { text: 'Yes.' },
      { functionCall: { name: 'f', args: { a: 1 }, id: 'c1' }, thoughtSignature: 'czM=' },
    ];
    const reply = geminiGenerateApi.parse({ candidates: [{ content: { parts }, finishReason: 'STOP' }] }, target);
    const built = build({ messages: [{ role: 'assistant', content: reply.choices[0]!.content }] });
    assert.deepEqual(built.body.contents, [{ role: 'model', parts }]);
    assert.deepEqual(built.warnings, []);
  });

  const finishes: [string, string][] = [
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content_filter'],
    ['RECITATION', 'content_filter'],
    ['PROHIBITED_CONTENT', 'content_filter'],
    ['SPII', 'content_filter'],
    ['OTHER', 'content_filter'],
    ['SOMETHING_NEW', 'content_filter'],
  ];
  for (const [reason, finish] of finishes) {
    it(`reads ${reason}`, () => {
      const reply = geminiGenerateApi.parse(
        { candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: reason }] },
        target,
      );
      assert.equal(reply.choices[0]!.finish, finish);
    });
  }

  it('reads a blocked prompt as a refusal', () => {
    const reply = geminiGenerateApi.parse(
      { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 4 } },
      target,
    );
    assert.equal(reply.choices[0]!.finish, 'content_filter');
    assert.match(JSON.stringify(reply.choices[0]!.content), /SAFETY/);
    assert.deepEqual(reply.usage?.vector, { input: 4, output: 0 });
  });

  it('fails with its usage where the model gave no answer', () => {
    const body = {
      candidates: [{ content: {}, finishReason: 'MALFORMED_FUNCTION_CALL' }],
      usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 },
    };
    assert.throws(
      () => geminiGenerateApi.parse(body, target),
      (error: unknown) =>
        error instanceof FailedReplyError &&
        error.code === 'upstream_error' &&
        error.retryable &&
        error.usage?.vector.input === 4,
    );
    assert.throws(() => geminiGenerateApi.parse({}, target), { code: 'upstream_error' });
    assert.throws(() => geminiGenerateApi.parse({ error: { code: 503, message: 'busy' } }, target), {
      code: 'overloaded',
    });
  });

  it('writes log probabilities in the shape of OpenAI', () => {
    const reply = geminiGenerateApi.parse(
      {
        candidates: [
          {
            content: { parts: [{ text: 'é' }] },
            finishReason: 'STOP',
            logprobsResult: {
              chosenCandidates: [{ token: 'é', logProbability: -0.5 }],
              topCandidates: [
                {
                  candidates: [
                    { token: 'é', logProbability: -0.5 },
                    { token: 'e', logProbability: -2 },
                  ],
                },
              ],
            },
          },
        ],
      },
      target,
    );
    assert.deepEqual(reply.choices[0]!.logprobs, {
      refusal: null,
      content: [
        {
          token: 'é',
          logprob: -0.5,
          bytes: [195, 169],
          top_logprobs: [
            { token: 'é', logprob: -0.5, bytes: [195, 169] },
            { token: 'e', logprob: -2, bytes: [101] },
          ],
        },
      ],
    });
  });
});

describe('gemini stream', () => {
  it('reads thoughts, then text, then the signature that comes alone', () => {
    const events = decode(fixture('thinking-and-text'));
    const texts = (type: 'text' | 'reasoning') =>
      events.flatMap((event) => (event.type === type ? [[event.part, event.text] as const] : []));
    assert.deepEqual(texts('reasoning'), [
      [0, '**Weighing the words**\n\nThe user greets in Chinese, '],
      [0, 'so I greet back.'],
    ]);
    assert.deepEqual(texts('text'), [
      [1, '你好!很高'],
      [1, '兴见到你。🙂'],
    ]);
    assert.deepEqual(events.at(0), { type: 'start', id: 'Il0taoSYJ5Cez7IPt5eV6Ao', model: 'gemini-3.5-flash' });
    assert.deepEqual(
      events.find((event) => event.type === 'reasoning_proof'),
      { type: 'reasoning_proof', choice: 0, part: 2, signature: 'gemini:EjQKMgEMFDFsw4D0CkU=' },
    );
    const usages = events.flatMap((event) => (event.type === 'usage' ? [event.usage] : []));
    assert.equal(usages.length, 5);
    assert.deepEqual(usages.at(-1)!.vector, { input: 12, output: 11, reasoning: 58 });
    assert.deepEqual(
      events.filter((event) => event.type === 'finish'),
      [{ type: 'finish', choice: 0, reason: 'stop' }],
    );
    assert.deepEqual(events.at(-1), { type: 'end' });
  });

  it('reads parallel calls, names those without an id, and ends for tools', () => {
    const events = decode(fixture('parallel-calls'));
    assert.deepEqual(
      events.filter((event) => event.type === 'tool_call' || event.type === 'tool_arguments'),
      [
        { type: 'tool_call', choice: 0, part: 1, id: '8f2c1k0q', name: 'weather', signature: 'CiQBVKhc7sA=' },
        { type: 'tool_arguments', choice: 0, part: 1, json: '{"city":"Paris","days":2}' },
        { type: 'tool_call', choice: 0, part: 2, id: 'call_Il0taoSYJ5Cez7IPt5eV6Ao_1', name: 'weather' },
        { type: 'tool_arguments', choice: 0, part: 2, json: '{"city":"北京"}' },
        { type: 'tool_call', choice: 0, part: 3, id: 'call_Il0taoSYJ5Cez7IPt5eV6Ao_2', name: 'now' },
        { type: 'tool_arguments', choice: 0, part: 3, json: '{}' },
      ],
    );
    assert.deepEqual(
      events.filter((event) => event.type === 'finish'),
      [{ type: 'finish', choice: 0, reason: 'tool_calls' }],
    );
    const last = events.findLast((event) => event.type === 'usage');
    assert.deepEqual(last?.usage.vector, { input: 82, cache_read: 128, output: 41, reasoning: 40 });
  });

  it('reads a blocked prompt', () => {
    const types = decode(fixture('blocked-prompt')).map((event) => event.type);
    assert.deepEqual(types, ['start', 'refusal', 'finish', 'usage', 'end']);
  });

  it('reports a failure in the stream and reads no further', () => {
    const events = decode(Buffer.concat([fixture('error-in-stream'), fixture('blocked-prompt')]));
    assert.deepEqual(
      events.map((event) => event.type),
      ['start', 'text', 'usage', 'error'],
    );
    const last = events.at(-1)!;
    assert.ok(last.type === 'error' && last.error.code === 'overloaded' && last.error.upstreamCode === 'UNAVAILABLE');
  });

  it('tells the usage of an answer that could not be used', () => {
    const events = decode(fixture('malformed-call'));
    assert.deepEqual(
      events.map((event) => event.type),
      ['start', 'usage', 'error'],
    );
  });

  it('does not take a broken stream for a whole one', () => {
    const bytes = fixture('thinking-and-text');
    const cut = bytes.subarray(0, bytes.lastIndexOf('data: '));
    for (const broken of [cut, Buffer.alloc(0), bytes.subarray(0, bytes.length - 40)]) {
      const last = decode(broken).at(-1)!;
      assert.ok(last.type === 'error' && last.error.code === 'upstream_error');
    }
    const garbage = decode(Buffer.from('data: {"candidates": [\n\ndata: {}\n\n'));
    assert.deepEqual(
      garbage.map((event) => event.type),
      ['error'],
    );
  });

  for (const name of ['thinking-and-text', 'parallel-calls', 'blocked-prompt', 'error-in-stream', 'malformed-call']) {
    it(`gives the same events however ${name} is cut`, () => {
      const bytes = fixture(name);
      const whole = JSON.stringify(decode(bytes));
      fc.assert(
        fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 }), (cuts) => {
          assert.equal(JSON.stringify(decode(bytes, cuts)), whole);
        }),
        { numRuns: 60 },
      );
      assert.equal(JSON.stringify(decode(bytes, [...bytes.keys()])), whole);
    });
  }

  it('keeps several candidates apart', () => {
    const frame = (body: JsonObject) => `data: ${JSON.stringify(body)}\n\n`;
    const candidate = (index: number, text: string, finishReason?: string) => ({
      index,
      content: { parts: [{ text }] },
      ...(finishReason ? { finishReason } : {}),
    });
    const both = frame({ candidates: [candidate(0, 'a'), candidate(1, 'x')] });
    const first = frame({ candidates: [candidate(0, 'b', 'STOP')] });
    const second = frame({ candidates: [candidate(1, 'y', 'MAX_TOKENS')] });
    const events = decode(Buffer.from(both + first + second));
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'finish' ? [[event.choice, event.reason]] : [])),
      [
        [0, 'stop'],
        [1, 'length'],
      ],
    );
    assert.equal(decode(Buffer.from(both + first)).at(-1)!.type, 'error');
  });
});

describe('gemini errors', () => {
  const body = (message: string, status: string, details: JsonObject[] = []) =>
    JSON.stringify({ error: { code: 0, message, status, details } });
  const cases: [number, string, AppError['code']][] = [
    [400, body('Invalid JSON payload received.', 'INVALID_ARGUMENT'), 'invalid_request'],
    [
      400,
      body(
        'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
        'INVALID_ARGUMENT',
      ),
      'context_too_long',
    ],
    [
      400,
      body('API key not valid. Please pass a valid API key.', 'INVALID_ARGUMENT', [{ reason: 'API_KEY_INVALID' }]),
      'upstream_error',
    ],
    [400, body('User location is not supported for the API use.', 'FAILED_PRECONDITION'), 'upstream_error'],
    [401, body('Request had invalid authentication credentials.', 'UNAUTHENTICATED'), 'upstream_error'],
    [403, body('Permission denied.', 'PERMISSION_DENIED'), 'upstream_error'],
    [404, body('models/x is not found for API version v1beta.', 'NOT_FOUND'), 'model_not_found'],
    [413, '<html>', 'too_large'],
    [429, body('You exceeded your current quota.', 'RESOURCE_EXHAUSTED'), 'rate_limited'],
    [500, body('An internal error has occurred.', 'INTERNAL'), 'upstream_error'],
    [502, '', 'upstream_error'],
    [503, body('The model is overloaded.', 'UNAVAILABLE'), 'overloaded'],
    [504, body('Deadline expired.', 'DEADLINE_EXCEEDED'), 'upstream_timeout'],
  ];
  for (const [status, text, code] of cases) {
    it(`${status} ${text.slice(0, 60)} is ${code}`, () => {
      for (const shape of [text, text.startsWith('{') ? `[${text}]` : text]) {
        const error = geminiGenerateApi.parseError(status, {}, shape);
        assert.equal(error.code, code);
        assert.equal(error.upstreamStatus, status);
      }
    });
  }

  it('reads when to come back', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.07s' }];
    const stated = geminiGenerateApi.parseError(
      429,
      { 'retry-after': '99' },
      body('Quota', 'RESOURCE_EXHAUSTED', details),
    );
    assert.equal(stated.retryAfter_s, 35);
    assert.equal(geminiGenerateApi.parseError(429, { 'retry-after': '7' }, '').retryAfter_s, 7);
    assert.equal(geminiGenerateApi.parseError(429, {}, '').retryAfter_s, undefined);
  });

  it('shows no key', () => {
    const error = geminiGenerateApi.parseError(
      403,
      {},
      body('Key AIzaSyA1234567890abcdefghijklmn was reported as leaked.', 'PERMISSION_DENIED'),
    );
    assert.doesNotMatch(error.message, /AIzaSyA123/);
  });
});

describe('gemini warnings', () => {
  it('names cache marks on instructions', () => {
    const system: Message = { role: 'system', content: [{ type: 'text', text: 'Be kind.', cache: { ttl: '1h' } }] };
    assert.deepEqual(build({ messages: [system, ...request().messages] }).warnings, ['cache_control']);
  });
});
