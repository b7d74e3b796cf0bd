/** Every field that a client of each surface may send, one at a time, for the test that nothing is dropped in silence. */

export type Body = Record<string, unknown>;

export interface FieldCase {
  /** The field; nested ones as a path. */
  field: string;
  change(body: Body): void;
  /** What the field needs beside it to mean anything; in the body that is compared with, too. */
  beside?(body: Body): void;
  /** A text that only this field brings; has to be in what the provider gets, unless the field is refused or named as lost. */
  mark?: string;
  /** Names under which it may be warned of or refused, beside its own. */
  aliases?: RegExp;
  /** Columns that do what it asks for by themselves. */
  given?: readonly string[];
  /** Reflex acts on it, which its own tests and the table of features show. */
  reflexUses?: boolean;
}

const TOOL = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const SCHEMA = {
  type: 'object',
  properties: { mark_schema: { type: 'string' } },
  required: ['mark_schema'],
  additionalProperties: false,
};

function put(field: string, value: unknown): (body: Body) => void {
  return (body) => {
    body[field] = structuredClone(value);
  };
}

/** Sets a field of one message. */
function putIn(message: number, field: string, value: unknown): (body: Body) => void {
  return (body) => {
    listOf(body, 'messages')[message]![field] = structuredClone(value);
  };
}

function set(field: string, value: unknown, more: Omit<FieldCase, 'field' | 'change'> = {}): FieldCase {
  return { field, change: put(field, value), ...more };
}

type List = Body[];
const listOf = (body: Body, field: string): List => body[field] as List;

// ---------------------------------------------------------------- chat completions

const chatTool = { type: 'function', function: { name: 'get_weather', description: 'd', parameters: TOOL } };
const withChatTools = put('tools', [structuredClone(chatTool)]);
const withLogprobs = put('logprobs', true);
const chatCall = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } };

/** A conversation with a call and its result before the last message. */
function withChatCall(body: Body): void {
  withChatTools(body);
  body.messages = [
    { role: 'user', content: 'Weather?' },
    { role: 'assistant', content: null, tool_calls: [structuredClone(chatCall)] },
    { role: 'tool', tool_call_id: 'call_1', content: 'Mild.' },
    { role: 'user', content: 'And now?' },
  ];
}

export const CHAT_BASE: Body = { messages: [{ role: 'user', content: 'Hello.' }] };

export const CHAT_CASES: FieldCase[] = [
  set('audio', { voice: 'alloy', format: 'wav' }, { mark: 'alloy' }),
  set('frequency_penalty', 0.41, { mark: '0.41' }),
  set('function_call', 'auto'),
  set('functions', [{ name: 'get_weather', parameters: TOOL }]),
  set('logit_bias', { '50256': -100 }, { mark: '50256' }),
  set('logprobs', true),
  set('max_completion_tokens', 777, { mark: '777', reflexUses: true }),
  set('max_tokens', 776, { mark: '776', reflexUses: true }),
  set('metadata', { trace: 'mark-meta' }, { mark: 'mark-meta' }),
  set('modalities', ['text', 'image']),
  set('moderation', { model: 'mark-moderation' }, { mark: 'mark-moderation' }),
  set('n', 2),
  set('parallel_tool_calls', false, { beside: withChatTools, reflexUses: true }),
  set('prediction', { type: 'content', content: 'mark-prediction' }, { mark: 'mark-prediction' }),
  set('presence_penalty', 0.43, { mark: '0.43' }),
  set('prompt_cache_key', 'mark-key', { mark: 'mark-key' }),
  set('prompt_cache_options', { mode: 'mark-options' }, { mark: 'mark-options' }),
  set('prompt_cache_retention', '24h', { mark: '24h' }),
  set('reasoning_effort', 'high', { aliases: /^(reasoning|thinking)/ }),
  set(
    'response_format',
    { type: 'json_schema', json_schema: { name: 'mark', strict: true, schema: SCHEMA } },
    { mark: 'mark_schema', reflexUses: true },
  ),
  set('safety_identifier', 'mark-safety', { mark: 'mark-safety' }),
  set('seed', 424_242, { mark: '424242' }),
  set('service_tier', 'flex'),
  set('stop', ['##MARK##'], { mark: '##MARK##' }),
  set('store', true),
  set('stream_options', { include_obfuscation: false }, { mark: 'include_obfuscation', beside: put('stream', true) }),
  set('temperature', 0.37, { mark: '0.37' }),
  set('tool_choice', 'required', { beside: withChatTools, reflexUses: true }),
  set('tools', [chatTool], { mark: 'get_weather', reflexUses: true }),
  set('top_logprobs', 4, { beside: withLogprobs, aliases: /^logprobs$/ }),
  set('top_p', 0.83, { mark: '0.83' }),
  set('user', 'mark-user', { mark: 'mark-user' }),
  set('verbosity', 'low'),
  set('web_search_options', { search_context_size: 'low' }),
  // Fields that providers of the family add.
  set('top_k', 17),
  set('thinking', { type: 'disabled' }, { aliases: /reasoning/, reflexUses: true }),
  set('reasoning', { effort: 'low' }, { aliases: /^(reasoning|thinking)/ }),
  set('enable_thinking', true, { aliases: /^(reasoning|thinking)/ }),
  set('thinking_budget', 3000, { aliases: /^(reasoning|thinking)/ }),
  set('repetition_penalty', 1.07, { mark: '1.07' }),
  set('mystery', 'mark-mystery', { mark: 'mark-mystery' }),
  // Fields inside messages and tools.
  {
    field: 'messages.name',
    change: putIn(0, 'name', 'mark_name'),
    mark: 'mark_name',
    aliases: /name/,
  },
  {
    field: 'image_url.detail',
    beside: put('messages', [
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
    ]),
    change: put('messages', [
      {
        role: 'user',
        content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'high' } }],
      },
    ]),
    aliases: /image/,
  },
  {
    field: 'input_audio',
    change: put('messages', [
      { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'bWFyaw==', format: 'wav' } }] },
    ]),
    mark: 'bWFyaw==',
    aliases: /audio|messages\[0\]/,
  },
  {
    field: 'file',
    change: put('messages', [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Read.' },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,bWFyaw==' } },
        ],
      },
    ]),
    mark: 'bWFyaw==',
    aliases: /file|messages\[0\]/,
  },
  {
    field: 'cache_control',
    beside: put('messages', [{ role: 'user', content: [{ type: 'text', text: 'Hello.' }] }]),
    change: put('messages', [
      { role: 'user', content: [{ type: 'text', text: 'Hello.', cache_control: { type: 'ephemeral' } }] },
    ]),
  },
  {
    field: 'tools.strict',
    beside: withChatTools,
    change: put('tools', [
      {
        ...chatTool,
        function: { ...chatTool.function, strict: true, parameters: { ...TOOL, additionalProperties: false } },
      },
    ]),
    aliases: /strict/,
    reflexUses: true,
  },
  {
    field: 'tools.cache_control',
    beside: withChatTools,
    change: put('tools', [{ ...chatTool, cache_control: { type: 'ephemeral' } }]),
    aliases: /cache_control/,
  },
  {
    field: 'reasoning_content',
    beside: withChatCall,
    change: putIn(1, 'reasoning_content', 'mark-thought'),
    mark: 'mark-thought',
    aliases: /reasoning/,
  },
  {
    field: 'reasoning_details',
    beside: withChatCall,
    change: putIn(1, 'reasoning_details', [
      { type: 'reasoning.text', text: 'mark-thought', signature: 'c2ln', index: 0 },
    ]),
    mark: 'mark-thought',
    aliases: /reasoning/,
  },
  {
    field: 'refusal',
    beside: withChatCall,
    change: putIn(1, 'refusal', 'mark-refusal'),
    mark: 'mark-refusal',
  },
  {
    field: 'tool_calls.extra_content',
    beside: withChatCall,
    change: putIn(1, 'tool_calls', [{ ...chatCall, extra_content: { google: { thought_signature: 'bWFyaw==' } } }]),
    mark: 'bWFyaw==',
    aliases: /signature/,
  },
];

/** The properties of CreateChatCompletionRequest in OpenAI's description (November 2026) but for `messages`, `model` and `stream`. */
export const CHAT_SCHEMA_FIELDS =
  'audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options'.split(
    ' ',
  );

// ---------------------------------------------------------------- responses

const responsesTool = { type: 'function', name: 'get_weather', description: 'd', parameters: TOOL, strict: false };
const withResponsesTools = put('tools', [structuredClone(responsesTool)]);
const MESSAGE_LOGPROBS = 'message.output_text.logprobs';

export const RESPONSES_BASE: Body = { input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hello.' }] }] };

export const RESPONSES_CASES: FieldCase[] = [
  set('background', true),
  set('context_management', [{ type: 'compaction', compact_threshold: 10_777 }], { mark: '10777' }),
  set('conversation', 'conv_mark', { mark: 'conv_mark' }),
  set('include', ['web_search_call.action.sources'], { mark: 'web_search_call' }),
  set('instructions', 'mark-instructions', { mark: 'mark-instructions', reflexUses: true }),
  set('max_output_tokens', 777, { mark: '777', reflexUses: true }),
  set('max_tool_calls', 3),
  set('metadata', { trace: 'mark-meta' }, { mark: 'mark-meta' }),
  set('moderation', { model: 'mark-moderation' }, { mark: 'mark-moderation' }),
  set('parallel_tool_calls', false, { beside: withResponsesTools, reflexUses: true }),
  set('previous_response_id', 'resp_mark', { mark: 'resp_mark' }),
  set('prompt', { id: 'pmpt_mark' }, { mark: 'pmpt_mark' }),
  set('prompt_cache_key', 'mark-key', { mark: 'mark-key' }),
  set('prompt_cache_options', { mode: 'mark-options' }, { mark: 'mark-options' }),
  set('prompt_cache_retention', '24h', { mark: '24h' }),
  set('reasoning', { effort: 'high' }, { aliases: /^(reasoning|thinking)/ }),
  {
    ...set('reasoning', { effort: 'high', summary: 'auto' }),
    field: 'reasoning.summary',
    given: ['gemini', 'vertex', 'ollama'],
    beside: put('reasoning', { effort: 'high' }),
    aliases: /^(reasoning|thinking)/,
  },
  set('safety_identifier', 'mark-safety', { mark: 'mark-safety' }),
  set('service_tier', 'flex'),
  set('store', true),
  set('stream_options', { include_obfuscation: false }, { mark: 'include_obfuscation', beside: put('stream', true) }),
  set('temperature', 0.37, { mark: '0.37' }),
  set(
    'text',
    { format: { type: 'json_schema', name: 'mark', strict: true, schema: SCHEMA } },
    { mark: 'mark_schema', reflexUses: true, aliases: /^response_format/ },
  ),
  { ...set('text', { verbosity: 'low' }), field: 'text.verbosity', aliases: /verbosity/ },
  set('tool_choice', 'required', { beside: withResponsesTools, reflexUses: true }),
  set('tools', [responsesTool], { mark: 'get_weather', reflexUses: true }),
  { ...set('tools', [{ type: 'web_search' }]), field: 'tools.web_search', aliases: /^tools/ },
  set('top_logprobs', 4, { beside: put('include', [MESSAGE_LOGPROBS]), aliases: /logprobs/ }),
  { ...set('top_logprobs', 4), field: 'top_logprobs alone', aliases: /logprobs/ },
  set('top_p', 0.83, { mark: '0.83' }),
  set('truncation', 'auto'),
  set('user', 'mark-user', { mark: 'mark-user' }),
  set('mystery', 'mark-mystery', { mark: 'mark-mystery' }),
];

/** The properties of CreateResponse but for `input`, `model` and `stream`. */
export const RESPONSES_SCHEMA_FIELDS =
  'background context_management conversation include instructions max_output_tokens max_tool_calls metadata moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream_options temperature text tool_choice tools top_logprobs top_p truncation user'.split(
    ' ',
  );

// ---------------------------------------------------------------- messages

const claudeTool = { name: 'get_weather', description: 'd', input_schema: TOOL };
const withClaudeTools = put('tools', [structuredClone(claudeTool)]);

function claudeResult(more: Body): (body: Body) => void {
  return (body) => {
    withClaudeTools(body);
    body.messages = [
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Oslo' } }],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'Mild.', ...more }] },
    ];
  };
}

const says = (block: Body) => put('messages', [{ role: 'user', content: [{ type: 'text', text: 'Read.' }, block] }]);
const plainDocument = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'A plain text.' } };

export const MESSAGES_BASE: Body = { max_tokens: 3000, messages: [{ role: 'user', content: 'Hello.' }] };

export const MESSAGES_CASES: FieldCase[] = [
  set('max_tokens', 2777, { mark: '2777', reflexUses: true }),
  set('cache_control', { type: 'ephemeral' }),
  set('container', 'cnt_mark', { mark: 'cnt_mark' }),
  set('diagnostics', { previous_message_id: 'msg_mark' }, { mark: 'msg_mark' }),
  set('inference_geo', 'us'),
  set('metadata', { user_id: 'mark-user' }, { mark: 'mark-user', aliases: /^user$/ }),
  set(
    'output_config',
    { format: { type: 'json_schema', schema: SCHEMA } },
    { mark: 'mark_schema', reflexUses: true, aliases: /^response_format/ },
  ),
  {
    ...set('output_config', { effort: 'high' }),
    field: 'output_config.effort',
    aliases: /^(reasoning|thinking|output_config)/,
  },
  set('service_tier', 'standard_only', { given: ['gemini', 'vertex', 'ollama'], reflexUses: true }),
  set('speed', 'fast'),
  set('stop_sequences', ['##MARK##'], { mark: '##MARK##', aliases: /^stop/ }),
  set('system', 'mark-system', { mark: 'mark-system', reflexUses: true }),
  set('temperature', 0.37, { mark: '0.37' }),
  set('thinking', { type: 'enabled', budget_tokens: 2048 }, { aliases: /^(reasoning|thinking)/ }),
  {
    ...set('thinking', { type: 'disabled' }),
    field: 'thinking off',
    aliases: /^(reasoning|thinking)/,
    reflexUses: true,
  },
  set('tool_choice', { type: 'any' }, { beside: withClaudeTools, reflexUses: true }),
  {
    ...set('tool_choice', { type: 'auto', disable_parallel_tool_use: true }),
    field: 'tool_choice.disable_parallel_tool_use',
    beside: withClaudeTools,
    aliases: /^parallel/,
    reflexUses: true,
  },
  set('tools', [claudeTool], { mark: 'get_weather', reflexUses: true }),
  {
    ...set('tools', [{ type: 'web_search_20250305', name: 'web_search' }]),
    field: 'tools.web_search',
    aliases: /^tools/,
  },
  {
    ...set('tools', [{ ...claudeTool, cache_control: { type: 'ephemeral' } }]),
    field: 'tools.cache_control',
    beside: withClaudeTools,
    aliases: /cache_control/,
  },
  {
    ...set('tools', [{ ...claudeTool, strict: true }]),
    field: 'tools.strict',
    beside: withClaudeTools,
    aliases: /strict/,
    reflexUses: true,
  },
  {
    ...set('tools', [{ ...claudeTool, input_examples: [{ city: 'mark-example' }] }]),
    field: 'tools.input_examples',
    beside: withClaudeTools,
    mark: 'mark-example',
  },
  set('top_k', 17),
  set('top_p', 0.83, { mark: '0.83' }),
  set('user_profile_id', 'mark-profile', { mark: 'mark-profile' }),
  set('workspace_id', 'mark-workspace', { mark: 'mark-workspace' }),
  set('context_management', { edits: [{ type: 'clear_tool_uses_20250919' }] }),
  set('mcp_servers', [{ type: 'url', name: 'mark-mcp', url: 'https://8.8.8.8/mcp' }], { mark: 'mark-mcp' }),
  set('mystery', 'mark-mystery', { mark: 'mark-mystery' }),
  {
    field: 'system.cache_control',
    beside: put('system', [{ type: 'text', text: 'Be kind.' }]),
    change: put('system', [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral', ttl: '1h' } }]),
    aliases: /cache_control/,
  },
  {
    field: 'tool_result.is_error',
    beside: claudeResult({}),
    change: claudeResult({ is_error: true }),
    aliases: /is_error/,
    reflexUses: true,
  },
  {
    field: 'tool_result.cache_control',
    beside: claudeResult({}),
    change: claudeResult({ cache_control: { type: 'ephemeral' } }),
    aliases: /cache_control/,
  },
  {
    field: 'document',
    change: says({ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'bWFyaw==' } }),
    mark: 'bWFyaw==',
    aliases: /file|document|messages\[0\]/,
  },
  {
    field: 'document.title',
    beside: says(plainDocument),
    change: says({ ...plainDocument, title: 'mark-title' }),
    mark: 'mark-title',
    aliases: /title|file|document|messages\[0\]/,
    reflexUses: true,
  },
  {
    field: 'document.context',
    beside: says(plainDocument),
    change: says({ ...plainDocument, context: 'mark-context' }),
    mark: 'mark-context',
    aliases: /context|file|document|messages\[0\]/,
    reflexUses: true,
  },
  {
    field: 'document.citations',
    beside: says(plainDocument),
    change: says({ ...plainDocument, citations: { enabled: true } }),
    aliases: /citations|file|document|messages\[0\]/,
  },
  {
    field: 'redacted_thinking',
    beside: claudeResult({}),
    change(body) {
      claudeResult({})(body);
      const assistant = listOf(body, 'messages')[1]!;
      assistant.content = [{ type: 'redacted_thinking', data: 'bWFyaw==' }, ...(assistant.content as List)];
    },
    mark: 'bWFyaw==',
    aliases: /reasoning|thinking/,
  },
];

/** The fields of MessageCreateParams in Anthropic's client 1.13 but for `messages`, `model` and `stream`. */
export const MESSAGES_SCHEMA_FIELDS =
  'max_tokens cache_control container diagnostics inference_geo metadata output_config service_tier speed stop_sequences system thinking tool_choice tools user_profile_id workspace_id'.split(
    ' ',
  );

// ---------------------------------------------------------------- embeddings

export const EMBEDDINGS_BASE: Body = { input: ['a red fox', 'a blue hen'] };

export const EMBEDDINGS_CASES: FieldCase[] = [
  set('dimensions', 64, { mark: '64', reflexUses: true }),
  set('user', 'mark-user', { mark: 'mark-user' }),
  set('mystery', 'mark-mystery', { mark: 'mark-mystery' }),
];
