/** The responses API as OpenAI documents it: a response object, and its events with growing `sequence_number`. */
import { type Answer, type AnswerPart, type Format, pieces, sse } from './answer.ts';
import { openaiChat } from './openai-chat.ts';

type Item = Record<string, unknown>;

export const openaiResponses: Format = {
  streamType: 'text/event-stream',
  reply: (answer, body) => response(answer, body, 'done'),
  frames,
  error: openaiChat.error,
};

function response(answer: Answer, body: Record<string, unknown>, state: 'open' | 'done'): Item {
  const done = state === 'done';
  const cut = answer.stop === 'length' ? 'max_output_tokens' : answer.stop === 'filter' ? 'content_filter' : undefined;
  return {
    id: 'resp_68af4030',
    object: 'response',
    created_at: 1_760_000_000,
    status: done ? (cut ? 'incomplete' : 'completed') : 'in_progress',
    background: false,
    error: null,
    incomplete_details: done && cut ? { reason: cut } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: 'upstream-model',
    output: done ? answer.parts.map(item) : [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: false,
    temperature: body.temperature ?? 1,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    ...(done ? { usage: usage(answer) } : {}),
    metadata: {},
  };
}

function item(part: AnswerPart, index: number): Item {
  switch (part.type) {
    case 'text':
      return {
        id: `msg_${index}`,
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [textPart(part.text)],
      };
    case 'thinking':
      return {
        id: `rs_${index}`,
        type: 'reasoning',
        summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }],
        ...(part.proof === undefined ? {} : { encrypted_content: part.proof }),
      };
    case 'call':
      return {
        id: `fc_${index}`,
        type: 'function_call',
        call_id: part.id,
        name: part.name,
        arguments: JSON.stringify(part.args),
        status: 'completed',
      };
    case 'image':
      return {
        id: `ig_${index}`,
        type: 'image_generation_call',
        status: 'completed',
        result: part.data,
        output_format: 'png',
      };
  }
}

function textPart(text: string): Item {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function usage({ usage: { input, cached, cacheWrite, output, reasoning } }: Answer): Item {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}

function frames(answer: Answer, body: Record<string, unknown>): string[] {
  const out: string[] = [];
  const event = (type: string, fields: object) => out.push(sse({ type, sequence_number: out.length, ...fields }, type));
  event('response.created', { response: response(answer, body, 'open') });
  event('response.in_progress', { response: response(answer, body, 'open') });
  answer.parts.forEach((part, output_index) => {
    const whole = item(part, output_index);
    const at = { item_id: whole.id, output_index };
    if (part.type === 'text') {
      event('response.output_item.added', { output_index, item: { ...whole, status: 'in_progress', content: [] } });
      event('response.content_part.added', { ...at, content_index: 0, part: textPart('') });
      for (const delta of pieces(part.text))
        event('response.output_text.delta', { ...at, content_index: 0, delta, logprobs: [] });
      event('response.output_text.done', { ...at, content_index: 0, text: part.text, logprobs: [] });
      event('response.content_part.done', { ...at, content_index: 0, part: textPart(part.text) });
    } else if (part.type === 'call') {
      event('response.output_item.added', { output_index, item: { ...whole, arguments: '', status: 'in_progress' } });
      const json = JSON.stringify(part.args);
      for (const delta of pieces(json)) event('response.function_call_arguments.delta', { ...at, delta });
      event('response.function_call_arguments.done', { ...at, name: part.name, arguments: json });
    } else if (part.type === 'thinking') {
      event('response.output_item.added', { output_index, item: { ...whole, summary: [] } });
      if (part.text !== '') {
        const summary = { ...at, summary_index: 0 };
        event('response.reasoning_summary_part.added', { ...summary, part: { type: 'summary_text', text: '' } });
        for (const delta of pieces(part.text)) event('response.reasoning_summary_text.delta', { ...summary, delta });
        event('response.reasoning_summary_text.done', { ...summary, text: part.text });
        event('response.reasoning_summary_part.done', { ...summary, part: { type: 'summary_text', text: part.text } });
      }
    } else
      event('response.output_item.added', { output_index, item: { ...whole, status: 'in_progress', result: null } });
    event('response.output_item.done', { output_index, item: whole });
  });
  event(answer.stop === 'length' || answer.stop === 'filter' ? 'response.incomplete' : 'response.completed', {
    response: response(answer, body, 'done'),
  });
  return out;
}
