/** Messages as Anthropic documents them: input usage in message_start, cumulative usage in message_delta. Vertex AI serves the same. */
import { type Answer, type AnswerPart, type Format, pieces, sse } from './answer.ts';

const STOP = {
  stop: 'end_turn',
  length: 'max_tokens',
  tools: 'tool_use',
  filter: 'refusal',
  sequence: 'stop_sequence',
} as const;
const HEAD = { id: 'msg_01XFD', type: 'message', role: 'assistant', model: 'upstream-model' };

export const anthropicMessages: Format = {
  streamType: 'text/event-stream',
  reply: (answer) => ({
    ...HEAD,
    content: answer.parts.flatMap((part) => block(part) ?? []),
    stop_reason: STOP[answer.stop],
    stop_sequence: answer.stop === 'sequence' ? (answer.sequence ?? null) : null,
    usage: { ...inputUsage(answer), output_tokens: answer.usage.output, service_tier: 'standard' },
  }),
  frames,
  error: (status, message) => ({
    type: 'error',
    error: {
      type:
        status === 429
          ? 'rate_limit_error'
          : status >= 500
            ? 'api_error'
            : status === 404
              ? 'not_found_error'
              : 'invalid_request_error',
      message,
    },
    request_id: 'req_1',
  }),
};

function block(part: AnswerPart): Record<string, unknown> | undefined {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text, citations: null };
    case 'thinking':
      return { type: 'thinking', thinking: part.text, signature: part.proof ?? '' };
    case 'call':
      return { type: 'tool_use', id: part.id, name: part.name, input: part.args };
    case 'image':
      return undefined;
  }
}

function inputUsage({ usage: { input, cached, cacheWrite } }: Answer): Record<string, unknown> {
  return {
    input_tokens: input - cached - cacheWrite,
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cached,
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite, ephemeral_1h_input_tokens: 0 },
  };
}

function frames(answer: Answer): string[] {
  const event = (type: string, fields: object = {}) => sse({ type, ...fields }, type);
  const message = {
    ...HEAD,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...inputUsage(answer), output_tokens: 1, service_tier: 'standard' },
  };
  const out = [event('message_start', { message })];
  answer.parts.forEach((part, index) => {
    const whole = block(part);
    if (!whole) return;
    const delta = (fields: object) => out.push(event('content_block_delta', { index, delta: fields }));
    if (part.type === 'text') {
      out.push(event('content_block_start', { index, content_block: { type: 'text', text: '' } }));
      if (index === 0) out.push(event('ping'));
      for (const text of pieces(part.text)) delta({ type: 'text_delta', text });
    } else if (part.type === 'thinking') {
      out.push(
        event('content_block_start', { index, content_block: { type: 'thinking', thinking: '', signature: '' } }),
      );
      for (const thinking of pieces(part.text)) delta({ type: 'thinking_delta', thinking });
      if (part.proof !== undefined) delta({ type: 'signature_delta', signature: part.proof });
    } else if (part.type === 'call') {
      out.push(event('content_block_start', { index, content_block: { ...whole, input: {} } }));
      for (const partial_json of pieces(JSON.stringify(part.args))) delta({ type: 'input_json_delta', partial_json });
    }
    out.push(event('content_block_stop', { index }));
  });
  const delta = {
    stop_reason: STOP[answer.stop],
    stop_sequence: answer.stop === 'sequence' ? (answer.sequence ?? null) : null,
  };
  out.push(event('message_delta', { delta, usage: { output_tokens: answer.usage.output } }), event('message_stop'));
  return out;
}
