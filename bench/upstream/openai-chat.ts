/** OpenAI's chat completions, as documented in its API reference; Ark, DeepSeek and the like speak the same. */
import { type Dialect, objectOf, positive } from './dialect.ts';
import { type Frame, frame, type Plan, sse, textOf } from './plan.ts';
import { vectorOf } from './script.ts';

const FINISH = { stop: 'stop', length: 'length', tool: 'tool_calls' } as const;

export const openaiChat: Dialect = {
  name: 'openai-chat',
  streamType: 'text/event-stream',
  malformed: 'data: {"id":"broken","choices":[{"index":0,"delta":{"content"\n\n',
  limit: (body) => positive(body.max_completion_tokens) ?? positive(body.max_tokens),
  choices: (body) => positive(body.n) ?? 1,
  usage,
  reply: (plan) => ({
    id: plan.id,
    object: 'chat.completion',
    created: plan.created_s,
    model: plan.model,
    choices: indexes(plan).map((index) => ({
      index,
      message: message(plan),
      logprobs: null,
      finish_reason: FINISH[plan.finish],
    })),
    ...(plan.usageShown ? { usage: usage(plan).raw } : {}),
    service_tier: 'default',
  }),
  frames,
  error: openaiError,
};

export function openaiError(status: number): unknown {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message: `The mock was told to answer ${status}.`, type, param: null, code: null } };
}

function indexes(plan: Plan): number[] {
  return Array.from({ length: plan.choices }, (_, index) => index);
}

function usage(plan: Plan) {
  const { input, cached, cache_write } = plan.script;
  const output = plan.output * plan.choices;
  const reasoning = plan.reasoning * plan.choices;
  const raw = {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: cached,
      audio_tokens: 0,
      ...(cache_write ? { cache_write_tokens: cache_write } : {}),
    },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0 },
  };
  const vector = vectorOf({
    input: input - cached - cache_write,
    cache_read: cached,
    cache_write_5m: cache_write,
    output: output - reasoning,
    reasoning,
  });
  return { raw, vector };
}

function toolCall(plan: Plan) {
  const { name, arguments: args } = plan.script.tool!;
  return { id: `call_${plan.id.slice(-12)}`, type: 'function', function: { name, arguments: JSON.stringify(args) } };
}

function message(plan: Plan) {
  const reasoning = plan.script.show_reasoning && plan.reasoning ? { reasoning_content: 'Thinking.' } : {};
  if (plan.finish === 'tool') {
    return { role: 'assistant', content: null, refusal: null, ...reasoning, tool_calls: [toolCall(plan)] };
  }
  return { role: 'assistant', content: textOf(plan), refusal: null, ...reasoning };
}

function frames(plan: Plan): Frame[] {
  const { fault } = plan.script;
  const inLast = fault === 'usage_in_last';
  const separate = !inLast && plan.usageShown && (plan.usageAsked || fault === 'usage_empty_choices');
  const head = { id: plan.id, object: 'chat.completion.chunk', created: plan.created_s, model: plan.model };
  const chunk = (index: number, delta: unknown, finish: string | null = null) =>
    sse({
      ...head,
      choices: [{ index, delta, logprobs: null, finish_reason: finish }],
      ...(finish && inLast ? { usage: usage(plan).raw } : plan.usageAsked ? { usage: null } : {}),
    });
  const out: Frame[] = [];
  for (const index of indexes(plan)) out.push(frame(chunk(index, { role: 'assistant', content: '' }), 'open'));
  if (plan.script.show_reasoning && plan.reasoning) {
    for (const index of indexes(plan)) out.push(frame(chunk(index, { reasoning_content: 'Thinking.' }), 'text'));
  }
  if (plan.finish === 'tool') {
    out.push(frame(chunk(0, { tool_calls: [{ index: 0, ...objectOf(toolCall(plan)) }] }), 'text'));
  } else {
    for (const piece of plan.pieces) {
      for (const index of indexes(plan)) out.push(frame(chunk(index, { content: piece }), 'text'));
    }
  }
  for (const index of indexes(plan)) {
    const last = index === plan.choices - 1;
    out.push(frame(chunk(index, {}, FINISH[plan.finish]), 'finish', inLast && last));
  }
  if (separate) out.push(frame(sse({ ...head, choices: [], usage: usage(plan).raw }), 'usage', true));
  out.push(frame(sse('[DONE]'), 'end'));
  return out;
}
