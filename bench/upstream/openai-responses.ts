/** OpenAI's responses API and its stream events. */
import { type Dialect, positive } from './dialect.ts';
import { openaiError } from './openai-chat.ts';
import { type Frame, frame, type Plan, sse, textOf } from './plan.ts';
import { vectorOf } from './script.ts';

export const openaiResponses: Dialect = {
  name: 'openai-responses',
  streamType: 'text/event-stream',
  malformed: 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta"\n\n',
  limit: (body) => positive(body.max_output_tokens),
  choices: () => 1,
  usage,
  reply: (plan) => response(plan, plan.finish === 'length' ? 'incomplete' : 'completed', output(plan)),
  frames,
  error: openaiError,
};

function usage(plan: Plan) {
  const { input, cached, cache_write } = plan.script;
  const raw = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: cache_write },
    output_tokens: plan.output,
    output_tokens_details: { reasoning_tokens: plan.reasoning },
    total_tokens: input + plan.output,
  };
  const vector = vectorOf({
    input: input - cached - cache_write,
    cache_read: cached,
    cache_write_5m: cache_write,
    output: plan.output - plan.reasoning,
    reasoning: plan.reasoning,
  });
  return { raw, vector };
}

function response(plan: Plan, status: 'in_progress' | 'completed' | 'incomplete', items: unknown[]) {
  return {
    id: plan.id,
    object: 'response',
    created_at: plan.created_s,
    status,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    max_output_tokens: null,
    model: plan.model,
    output: items,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: true,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: status !== 'in_progress' && plan.usageShown ? usage(plan).raw : null,
    user: null,
    metadata: {},
  };
}

function part(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function item(plan: Plan, status: string, content: unknown[]) {
  return { id: `msg_${plan.id.slice(-16)}`, type: 'message', status, role: 'assistant', content };
}

function call(plan: Plan, status: string, args: string) {
  const tail = plan.id.slice(-16);
  return {
    id: `fc_${tail}`,
    type: 'function_call',
    status,
    call_id: `call_${tail}`,
    name: plan.script.tool!.name,
    arguments: args,
  };
}

function output(plan: Plan): unknown[] {
  if (plan.finish === 'tool') return [call(plan, 'completed', JSON.stringify(plan.script.tool!.arguments))];
  return [item(plan, plan.finish === 'length' ? 'incomplete' : 'completed', [part(textOf(plan))])];
}

function frames(plan: Plan): Frame[] {
  let sequence_number = 0;
  const event = (type: string, fields: object) => sse({ type, sequence_number: sequence_number++, ...fields }, type);
  const out = [
    frame(event('response.created', { response: response(plan, 'in_progress', []) }), 'open'),
    frame(event('response.in_progress', { response: response(plan, 'in_progress', []) }), 'open'),
    ...(plan.finish === 'tool' ? callFrames(plan, event) : textFrames(plan, event)),
  ];
  const status = plan.finish === 'length' ? 'incomplete' : 'completed';
  out.push(
    frame(event(`response.${status}`, { response: response(plan, status, output(plan)) }), 'end', plan.usageShown),
  );
  return out;
}

type Event = (type: string, fields: object) => string;

function textFrames(plan: Plan, event: Event): Frame[] {
  const at = { item_id: `msg_${plan.id.slice(-16)}`, output_index: 0, content_index: 0 };
  const whole = textOf(plan);
  const [done] = output(plan);
  return [
    frame(event('response.output_item.added', { output_index: 0, item: item(plan, 'in_progress', []) }), 'open'),
    frame(event('response.content_part.added', { ...at, part: part('') }), 'open'),
    ...plan.pieces.map((delta) => frame(event('response.output_text.delta', { ...at, delta, logprobs: [] }), 'text')),
    frame(event('response.output_text.done', { ...at, text: whole, logprobs: [] }), 'finish'),
    frame(event('response.content_part.done', { ...at, part: part(whole) }), 'finish'),
    frame(event('response.output_item.done', { output_index: 0, item: done }), 'finish'),
  ];
}

function callFrames(plan: Plan, event: Event): Frame[] {
  const args = JSON.stringify(plan.script.tool!.arguments);
  const at = { item_id: `fc_${plan.id.slice(-16)}`, output_index: 0 };
  const [done] = output(plan);
  return [
    frame(event('response.output_item.added', { output_index: 0, item: call(plan, 'in_progress', '') }), 'open'),
    frame(event('response.function_call_arguments.delta', { ...at, delta: args }), 'text'),
    frame(
      event('response.function_call_arguments.done', { ...at, name: plan.script.tool!.name, arguments: args }),
      'finish',
    ),
    frame(event('response.output_item.done', { output_index: 0, item: done }), 'finish'),
  ];
}
