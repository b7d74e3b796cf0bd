/** A body for each surface that uses most of its fields: what a fuzzer starts from. */
const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const SCHEMA = { type: 'object', properties: { a: { type: 'string', enum: ['x'] } }, required: ['a'] };

export const VALID_BODIES: Record<string, Record<string, unknown>> = {
  '/v1/chat/completions': {
    messages: [
      { role: 'system', content: 's' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'hi' },
          { type: 'image_url', image_url: { url: PNG, detail: 'low' } },
          { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":"x"}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'r' },
      { role: 'user', content: 'go' },
    ],
    tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: SCHEMA, strict: true } }],
    tool_choice: { type: 'function', function: { name: 'f' } },
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema: SCHEMA, strict: true } },
    temperature: 1,
    top_p: 1,
    n: 1,
    stop: ['a'],
    max_tokens: 50,
    presence_penalty: 0,
    frequency_penalty: 0,
    logit_bias: { '5': 1 },
    logprobs: true,
    top_logprobs: 2,
    seed: 1,
    user: 'u',
    metadata: { a: 'b' },
    reasoning_effort: 'low',
    stream_options: { include_usage: true },
    service_tier: 'auto',
    parallel_tool_calls: true,
  },
  '/v1/responses': {
    instructions: 'i',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'hi' },
          { type: 'input_image', image_url: PNG, detail: 'auto' },
          { type: 'input_file', file_data: 'data:application/pdf;base64,AAAA', filename: 'x.pdf' },
        ],
      },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'o' },
      { type: 'reasoning', id: 'rs', summary: [{ type: 'summary_text', text: 't' }], encrypted_content: 'e' },
      { type: 'message', role: 'user', content: 'go' },
    ],
    tools: [{ type: 'function', name: 'f', parameters: SCHEMA, strict: false }],
    tool_choice: 'auto',
    text: { format: { type: 'json_schema', name: 'n', schema: SCHEMA } },
    reasoning: { effort: 'low', summary: 'auto' },
    max_output_tokens: 50,
    temperature: 1,
    top_p: 1,
    user: 'u',
    metadata: { a: 'b' },
    parallel_tool_calls: true,
    store: false,
    include: ['reasoning.encrypted_content'],
    truncation: 'auto',
  },
  '/v1/messages': {
    max_tokens: 2000,
    system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'hi' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 't', signature: 's' },
          { type: 'tool_use', id: 'c', name: 'f', input: { a: 1 } },
        ],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'c', content: [{ type: 'text', text: 'r' }], is_error: false }],
      },
    ],
    tools: [{ name: 'f', description: 'd', input_schema: SCHEMA }],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    thinking: { type: 'enabled', budget_tokens: 1024 },
    temperature: 1,
    top_k: 5,
    top_p: 0.9,
    stop_sequences: ['x'],
    metadata: { user_id: 'u' },
    service_tier: 'auto',
  },
  '/v1/embeddings': { input: ['a', 'b'], dimensions: 16, encoding_format: 'float', user: 'u' },
};
