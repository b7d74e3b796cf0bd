/** Anthropic's messages API and its stream: input usage in message_start, cumulative usage in message_delta. */
import { type Dialect, positive } from './dialect.ts';
import { type Frame, frame, type Plan, sse, textOf } from './plan.ts';
import { vectorOf } from './script.ts';

const FINISH = { stop: 'end_turn', length: 'max_tokens', tool: 'tool_use' } as const;

export const anthropicMessages: Dialect = {
  name: 'anthropic-messages',
  streamType: 'text/event-stream',
  malformed: 'event: content_block_delta\ndata: {"type":"content_block_delta","index"\n\n',
  limit: (body) => positive(body.max_tokens),
  choices: () => 1,
  usage,
  reply: (plan) => ({
    ...head(plan),
    content: content(plan),
    stop_reason: FINISH[plan.finish],
    ...(plan.usageShown ? { usage: usage(plan).raw } : {}),
  }),
  frames,
  error: anthropicError,
};

function anthropicError(status: number): unknown {
  const type =
    status === 429
      ? 'rate_limit_error'
      : status === 529
        ? 'overloaded_error'
        : status >= 500
          ? 'api_error'
          : 'invalid_request_error';
  return { type: 'error', error: { type, message: `The mock was told to answer ${status}.` }, request_id: null };
}

function inputUsage(plan: Plan) {
  const { input, cached, cache_write, cache_write_1h } = plan.script;
  return {
    input_tokens: input - cached - cache_write - cache_write_1h,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: cache_write + cache_write_1h,
    cache_creation: { ephemeral_5m_input_tokens: cache_write, ephemeral_1h_input_tokens: cache_write_1h },
  };
}

function usage(plan: Plan) {
  const { cached, cache_write, cache_write_1h } = plan.script;
  const input = inputUsage(plan);
  const raw = {
    ...input,
    output_tokens: plan.output,
    output_tokens_details: { thinking_tokens: plan.reasoning },
    service_tier: 'standard',
  };
  const vector = vectorOf({
    input: input.input_tokens,
    cache_read: cached,
    cache_write_5m: cache_write,
    cache_write_1h,
    output: plan.output - plan.reasoning,
    reasoning: plan.reasoning,
  });
  return { raw, vector };
}

function head(plan: Plan) {
  return { id: plan.id, type: 'message', role: 'assistant', model: plan.model, stop_sequence: null };
}

function content(plan: Plan): unknown[] {
  const thinking =
    plan.script.show_reasoning && plan.reasoning
      ? [{ type: 'thinking', thinking: 'Thinking.', signature: 'bW9jaw==' }]
      : [];
  if (plan.finish === 'tool') return [...thinking, toolUse(plan, plan.script.tool!.arguments)];
  return [...thinking, { type: 'text', text: textOf(plan), citations: null }];
}

function toolUse(plan: Plan, input: unknown) {
  return { type: 'tool_use', id: `toolu_${plan.id.slice(-16)}`, name: plan.script.tool!.name, input };
}

function frames(plan: Plan): Frame[] {
  const event = (type: string, fields: object = {}) => sse({ type, ...fields }, type);
  const startUsage = plan.usageShown
    ? { usage: { ...inputUsage(plan), output_tokens: Math.min(1, plan.output), service_tier: 'standard' } }
    : {};
  const out = [
    frame(
      event('message_start', { message: { ...head(plan), content: [], stop_reason: null, ...startUsage } }),
      'open',
    ),
  ];
  let index = 0;
  for (const block of blocks(plan)) {
    out.push(frame(event('content_block_start', { index, content_block: block.start }), 'open'));
    if (index === 0) out.push(frame(event('ping'), 'open'));
    for (const delta of block.deltas) out.push(frame(event('content_block_delta', { index, delta }), 'text'));
    out.push(frame(event('content_block_stop', { index }), 'finish'));
    index++;
  }
  const delta = { stop_reason: FINISH[plan.finish], stop_sequence: null };
  const { service_tier: _tier, ...cumulative } = usage(plan).raw;
  const fields = plan.usageShown ? { delta, usage: cumulative } : { delta };
  out.push(frame(event('message_delta', fields), 'usage', plan.usageShown));
  out.push(frame(event('message_stop'), 'end'));
  return out;
}

function blocks(plan: Plan): { start: unknown; deltas: unknown[] }[] {
  const out: { start: unknown; deltas: unknown[] }[] = [];
  if (plan.script.show_reasoning && plan.reasoning) {
    out.push({
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        { type: 'thinking_delta', thinking: 'Thinking.' },
        { type: 'signature_delta', signature: 'bW9jaw==' },
      ],
    });
  }
  if (plan.finish === 'tool') {
    const partial_json = JSON.stringify(plan.script.tool!.arguments);
    out.push({ start: toolUse(plan, {}), deltas: [{ type: 'input_json_delta', partial_json }] });
  } else {
    const deltas = plan.pieces.map((text) => ({ type: 'text_delta', text }));
    out.push({ start: { type: 'text', text: '' }, deltas });
  }
  return out;
}
