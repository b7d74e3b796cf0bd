import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { countInput, countTokens } from '../text/tokens.ts';
import type { Prediction, ReflexMessage, ReflexRequest, ReflexTool, ReflexToolCall } from '../types.ts';
import { completeChat } from './chat.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const ajv = new Ajv2020({ strict: false, validateFormats: false });

const TOOLS: ReflexTool[] = [
  {
    name: 'get_weather',
    description: 'Get the current weather for a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', description: 'City name' } },
      required: ['city'],
    },
  },
  {
    name: 'set_air_conditioner',
    description: '控制车内空调 Control the air conditioning',
    parameters: {
      type: 'object',
      properties: {
        on: { type: 'boolean' },
        temperature: { type: 'number', minimum: 16, maximum: 32, description: 'target temperature in °C' },
        zone: { type: 'string', enum: ['driver', 'passenger', 'rear', 'all'] },
      },
    },
  },
  {
    name: 'book_table',
    description: 'Book a table at the restaurant',
    parameters: {
      type: 'object',
      properties: {
        date: { type: 'string', format: 'date' },
        time: { type: 'string', description: 'HH:MM' },
        party_size: { type: 'integer', minimum: 1 },
      },
      required: ['date', 'time', 'party_size'],
    },
  },
  {
    name: 'sendMessage',
    description: 'Send a text message to a contact',
    parameters: {
      type: 'object',
      properties: { recipient: { type: 'string' }, content: { type: 'string' } },
      required: ['recipient', 'content'],
    },
  },
  {
    name: 'control_window',
    description: '打开或关闭车窗',
    parameters: {
      type: 'object',
      properties: {
        action: { type: 'string', enum: ['open', 'close'] },
        percent: { type: 'integer', minimum: 0, maximum: 100 },
      },
      required: ['action'],
    },
  },
  {
    name: 'play_music',
    description: 'Play a song',
    parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
  },
  {
    name: 'set_timer',
    description: 'Start a countdown timer',
    parameters: { type: 'object', properties: { minutes: { type: 'number' } }, required: ['minutes'] },
  },
  {
    name: 'set_volume',
    description: '调节音量',
    parameters: {
      type: 'object',
      properties: { level: { type: 'integer', minimum: 0, maximum: 30 } },
      required: ['level'],
    },
  },
  {
    name: 'play_song',
    description: '播放一首歌',
    parameters: {
      type: 'object',
      properties: { artist: { type: 'string', description: '歌手' }, song: { type: 'string', description: '歌名' } },
      required: ['song'],
    },
  },
  {
    name: 'transfer',
    description: '给联系人转账',
    parameters: {
      type: 'object',
      properties: { to: { type: 'string', description: '收款人' }, amount: { type: 'number', description: '金额' } },
      required: ['to', 'amount'],
    },
  },
];

function say(text: string, more: Partial<ReflexRequest> = {}) {
  return completeChat({ messages: [{ role: 'user', text }], tools: TOOLS, ...more }, { now_ms: NOW });
}

function calls(text: string, more: Partial<ReflexRequest> = {}) {
  return say(text, more).toolCalls?.map((call) => [call.name, JSON.parse(call.arguments) as unknown]);
}

describe('tool calls', () => {
  const cases: [string, [string, Record<string, unknown>][]][] = [
    ["What's the weather in Paris?", [['get_weather', { city: 'Paris' }]]],
    ['北京今天天气怎么样', [['get_weather', { city: '北京' }]]],
    ['把空调调到二十六度', [['set_air_conditioner', { temperature: 26 }]]],
    ['关掉空调', [['set_air_conditioner', { on: false }]]],
    ['主驾空调调到22度半', [['set_air_conditioner', { temperature: 22.5, zone: 'driver' }]]],
    ['Turn on the AC and set it to 24 degrees', [['set_air_conditioner', { on: true, temperature: 24 }]]],
    ['Book a table for four tomorrow at 7pm', [['book_table', { date: '2026-11-25', time: '19:00', party_size: 4 }]]],
    ['帮我订明天晚上七点半两位的位子', [['book_table', { date: '2026-11-25', time: '19:30', party_size: 2 }]]],
    [
      'Send a message to Anna saying I will be late',
      [['sendMessage', { recipient: 'Anna', content: 'I will be late' }]],
    ],
    ['给李雷发短信说我晚点到', [['sendMessage', { recipient: '李雷', content: '我晚点到' }]]],
    ['车窗开到百分之三十', [['control_window', { action: 'open', percent: 30 }]]],
    ['把车窗打开一半', [['control_window', { action: 'open', percent: 50 }]]],
    ['play Bohemian Rhapsody by Queen', [['play_music', { query: 'Bohemian Rhapsody by Queen' }]]],
    ['set a timer for an hour and a half', [['set_timer', { minutes: 90 }]]],
    [
      'What is the weather like in Lima, Oslo and Rome?',
      [
        ['get_weather', { city: 'Lima' }],
        ['get_weather', { city: 'Oslo' }],
        ['get_weather', { city: 'Rome' }],
      ],
    ],
    ['set the AC to the highest temperature', [['set_air_conditioner', { temperature: 32 }]]],
    [
      '音量调到15，再播放周杰伦的晴天',
      [
        ['set_volume', { level: 15 }],
        ['play_song', { artist: '周杰伦', song: '晴天' }],
      ],
    ],
    ['给王小明转三块五', [['transfer', { to: '王小明', amount: 3.5 }]]],
    ['空调温度调到最低', [['set_air_conditioner', { temperature: 16 }]]],
    [
      '关空调打开车窗',
      [
        ['set_air_conditioner', { on: false }],
        ['control_window', { action: 'open' }],
      ],
    ],
    [
      'open the window and play some jazz',
      [
        ['control_window', { action: 'open' }],
        ['play_music', { query: 'jazz' }],
      ],
    ],
    [
      '打开空调，然后关上车窗',
      [
        ['set_air_conditioner', { on: true }],
        ['control_window', { action: 'close' }],
      ],
    ],
  ];
  for (const [text, expected] of cases) it(text, () => assert.deepEqual(calls(text), expected));

  it('makes one call at most where several are not wanted', () => {
    assert.equal(calls('open the window and play some jazz', { parallelToolCalls: false })?.length, 1);
  });

  it('calls nothing when nothing is asked of a tool', () => {
    for (const text of [
      'tell me a joke',
      '你好',
      'who are you',
      'write me a poem about spring',
      '',
      '   ',
      '???',
      '😀',
    ]) {
      const reply = say(text);
      assert.equal(reply.toolCalls, undefined, text);
      assert.match(reply.text!, /Reflex/);
      assert.equal(reply.finish, 'stop');
    }
  });

  it('asks for what is missing instead of guessing, in the language of the user', () => {
    assert.match(say('book a table for 3').text!, /date.*time.*\?$/s);
    const zh = say('帮我订个位子').text!;
    assert.match(zh, /还需要/);
    assert.match(zh, /party_size/);
  });

  it('takes the answer to its question', () => {
    const first = say('what is the weather like').text!;
    const messages: ReflexMessage[] = [
      { role: 'user', text: 'what is the weather like' },
      { role: 'assistant', text: first },
      { role: 'user', text: 'Berlin' },
    ];
    assert.deepEqual(calls('', { messages }), [['get_weather', { city: 'Berlin' }]]);
  });

  it('obeys tool_choice', () => {
    assert.equal(calls("What's the weather in Paris?", { toolChoice: 'none' }), undefined);
    assert.equal(calls('hello', { toolChoice: 'required' })?.length, 1);
    assert.equal(calls('Paris', { toolChoice: { name: 'get_weather' } })?.[0]?.[0], 'get_weather');
    assert.throws(() => say('Paris', { toolChoice: { name: 'no_such' } }), {
      code: 'invalid_request',
      param: 'tool_choice',
    });
  });

  it('gives forced calls arguments that validate', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TOOLS), fc.string({ maxLength: 40 }), (tool, text) => {
        const [call] = say(text, { toolChoice: { name: tool.name } }).toolCalls!;
        assert.ok(ajv.compile(tool.parameters!)(JSON.parse(call!.arguments)), call!.arguments);
      }),
    );
  });

  it('serves tools without parameters', () => {
    assert.deepEqual(calls('stop the music', { tools: [{ name: 'stop_music' }] }), [['stop_music', {}]]);
  });

  it('learns from earlier turns', () => {
    const tools: ReflexTool[] = [
      {
        name: 'scene',
        description: '',
        parameters: {
          type: 'object',
          properties: { mode: { type: 'string' }, level: { type: 'integer' } },
          required: ['mode', 'level'],
        },
      },
      { name: 'other', description: '', parameters: { type: 'object', properties: {} } },
    ];
    const messages: ReflexMessage[] = [
      { role: 'user', text: 'make it cosy in here' },
      { role: 'assistant', text: '', toolCalls: [{ name: 'scene', arguments: '{"mode":"evening","level":2}' }] },
      { role: 'user', text: 'make it cosy in here please' },
    ];
    assert.deepEqual(calls('', { messages, tools }), [['scene', { mode: 'evening', level: 2 }]]);
  });

  it('uses what a trained model knows', () => {
    const prediction: Prediction = {
      intent: 'fn_a',
      best: 'fn_a',
      confidence: 0.9,
      outOfScope: 0,
      ms: 0,
      slots: [{ name: 'who', value: 'Zed', start: 8, end: 11 }],
    };
    const reply = completeChat(
      {
        messages: [{ role: 'user', text: 'ping up Zed' }],
        tools: [
          { name: 'fn_a', parameters: { type: 'object', properties: { who: { type: 'string' } }, required: ['who'] } },
          { name: 'fn_b' },
        ],
      },
      { now_ms: NOW, model: { predict: () => prediction, replyFor: () => undefined } },
    );
    assert.deepEqual(reply.toolCalls, [{ name: 'fn_a', arguments: '{"who":"Zed"}' }]);
  });

  it('reports results plainly', () => {
    const base: ReflexMessage[] = [
      { role: 'user', text: '北京天气怎么样' },
      { role: 'assistant', text: '', toolCalls: [{ name: 'get_weather', arguments: '{"city":"北京"}' }] },
    ];
    const done = say('', { messages: [...base, { role: 'tool', text: '{"sky":"晴","degrees":21}' }] });
    assert.equal(done.text, 'get_weather 的结果：sky: 晴, degrees: 21');
    const failed = say('', { messages: [...base, { role: 'tool', text: 'timeout', isError: true }] });
    assert.match(failed.text!, /执行失败：timeout/);
  });
});

describe('text', () => {
  it('says what it is and how to connect a large model, in both languages', () => {
    const en = completeChat({ messages: [{ role: 'user', text: 'Hello, can you help me?' }] }, { now_ms: NOW });
    assert.match(en.text!, /Reflex.*No large model is connected.*OPENAI_API_KEY.*tokenworks\.yaml/s);
    const zh = completeChat({ messages: [{ role: 'user', text: '你好，你是谁？' }] }, { now_ms: NOW });
    assert.match(zh.text!, /Reflex.*没有接入大模型.*OPENAI_API_KEY.*tokenworks\.yaml/s);
    const other = completeChat(
      { messages: [{ role: 'user', text: 'Hello' }] },
      { now_ms: NOW, otherModels: ['mock/large'] },
    );
    assert.match(other.text!, /mock\/large/);
    assert.doesNotMatch(other.text!, /No large model/);
  });

  it('takes a conversation without any user message', () => {
    assert.ok(completeChat({ messages: [] }, { now_ms: NOW }).text);
    assert.ok(completeChat({ messages: [{ role: 'system', text: 'be nice' }] }, { now_ms: NOW }).text);
  });
});

describe('JSON objects', () => {
  it('follows the form that the prompt shows', () => {
    const reply = completeChat(
      {
        messages: [
          { role: 'system', text: 'Answer as {"city": "name", "people": 1, "mood": "happy|sad"}' },
          { role: 'user', text: 'three people go to Rome' },
        ],
        responseFormat: { type: 'json_object' },
      },
      { now_ms: NOW },
    );
    assert.deepEqual(JSON.parse(reply.json!), { city: 'Rome', people: 3, mood: 'happy' });
  });

  it('gives an honest object where none is shown', () => {
    const reply = completeChat(
      { messages: [{ role: 'user', text: 'hi' }], responseFormat: { type: 'json_object' } },
      { now_ms: NOW },
    );
    assert.match((JSON.parse(reply.json!) as { notice: string }).notice, /Reflex/);
  });

  it('takes labels from the most similar example', () => {
    const schema = {
      type: 'object',
      properties: { team: { type: 'string', enum: ['red', 'blue'] } },
      required: ['team'],
    };
    const messages: ReflexMessage[] = [
      { role: 'user', text: 'the printer on floor two jams' },
      { role: 'assistant', text: '{"team":"blue"}' },
      { role: 'user', text: 'my salary slip is wrong' },
      { role: 'assistant', text: '{"team":"red"}' },
      { role: 'user', text: 'the printer on floor five jams again' },
    ];
    const reply = completeChat({ messages, responseFormat: { type: 'json_schema', schema } }, { now_ms: NOW });
    assert.equal(reply.json, '{"team":"blue"}');
  });
});

describe('counting and limits', () => {
  it('counts words, exactly', () => {
    assert.equal(countTokens('Hello, big world!'), 3);
    assert.equal(countTokens('今天天气很好'), 3);
    assert.equal(countTokens(''), 0);
    const request: ReflexRequest = {
      messages: [
        { role: 'user', text: 'hello there' },
        { role: 'assistant', text: '', toolCalls: [{ name: 'go', arguments: '{"a":1}' }] },
      ],
    };
    assert.equal(countInput(request), 2 + 1 + 2);
    const reply = say('hello there');
    assert.equal(reply.usage.output, countTokens(reply.text!));
    assert.ok(reply.usage.input > 2);
  });

  it('keeps to the output limit', () => {
    const reply = completeChat({ messages: [{ role: 'user', text: 'hello' }], maxOutputTokens: 3 }, { now_ms: NOW });
    assert.equal(reply.finish, 'length');
    assert.equal(reply.usage.output, 3);
    const call = say('把空调调到二十六度', { maxOutputTokens: 1 });
    assert.equal(call.toolCalls, undefined);
    assert.equal(call.finish, 'length');
  });

  it('refuses too much input with a clear error', () => {
    assert.throws(() => say('word '.repeat(50_000)), { code: 'context_too_long' });
    assert.throws(() => say('x', { tools: Array.from({ length: 600 }, (_, index) => ({ name: `t${index}` })) }), {
      code: 'invalid_request',
      param: 'tools',
    });
  });

  it('never throws anything but AppError on any conversation', () => {
    const role = fc.constantFrom<ReflexMessage['role'][]>('system', 'user', 'assistant', 'tool');
    const message = fc.record({
      role,
      text: fc.string({ unit: 'binary', maxLength: 60 }),
      toolCalls: fc.constantFrom<(ReflexToolCall[] | undefined)[]>(
        undefined,
        [],
        [{ name: 'get_weather', arguments: '{bad' }],
      ),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), (messages) => {
        const reply = completeChat({ messages, tools: TOOLS }, { now_ms: NOW });
        assert.ok((reply.text !== undefined) !== (reply.toolCalls !== undefined));
      }),
      { numRuns: 80 },
    );
  });
});
