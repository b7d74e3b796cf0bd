/** Chat completions as OpenAI documents them (API reference, chat); Ark and compatible servers add `reasoning_content`. */
import { type Answer, type AnswerPart, type Format, pieces, sse } from './answer.ts';

const FINISH = {
  stop: 'stop',
  length: 'length',
  tools: 'tool_calls',
  filter: 'content_filter',
  sequence: 'stop',
} as const;
const HEAD = { id: 'chatcmpl-Bx7', created: 1_760_000_000, model: 'upstream-model' };

export const openaiChat: Format = {
  streamType: 'text/event-stream',
  reply: (answer, body) => ({
    ...HEAD,
    object: 'chat.completion',
    choices: indexes(body).map((index) => ({
      index,
      message: message(answer),
      logprobs: answer.logprobs ? logprobs(textOf(answer)) : null,
      finish_reason: FINISH[answer.stop],
    })),
    usage: usage(answer),
    service_tier: 'default',
    system_fingerprint: 'fp_1',
  }),
  frames,
  error: (status, message, param) => ({
    error: {
      message,
      type: status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error',
      param: param ?? null,
      code: null,
    },
  }),
};

function indexes(body: Record<string, unknown>): number[] {
  return Array.from({ length: typeof body.n === 'number' ? body.n : 1 }, (_, index) => index);
}

export function textOf(answer: Answer): string {
  return of(answer, 'text')
    .map((part) => part.text)
    .join('');
}

export function of<T extends AnswerPart['type']>(answer: Answer, type: T): Extract<AnswerPart, { type: T }>[] {
  return answer.parts.filter((part): part is Extract<AnswerPart, { type: T }> => part.type === type);
}

function message(answer: Answer): Record<string, unknown> {
  const out: Record<string, unknown> = {
    role: 'assistant',
    content: textOf(answer) || null,
    refusal: null,
    annotations: [],
  };
  const thinking = of(answer, 'thinking').map((part) => part.text);
  if (thinking.length > 0) out.reasoning_content = thinking.join('');
  const called = of(answer, 'call');
  if (called.length > 0) out.tool_calls = called.map(({ id, name, args }) => toolCall(id, name, JSON.stringify(args)));
  return out;
}

function toolCall(id: string, name: string, args: string): Record<string, unknown> {
  return { id, type: 'function', function: { name, arguments: args } };
}

function logprobs(text: string): Record<string, unknown> {
  const one = (token: string) => ({ token, logprob: -0.25, bytes: [...Buffer.from(token)] });
  return { content: pieces(text).map((token) => ({ ...one(token), top_logprobs: [one(token)] })), refusal: null };
}

function usage({ usage: { input, cached, cacheWrite, output, reasoning } }: Answer): Record<string, unknown> {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: cached,
      audio_tokens: 0,
      ...(cacheWrite ? { cache_write_tokens: cacheWrite } : {}),
    },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function frames(answer: Answer, body: Record<string, unknown>): string[] {
  const asked = (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
  const head = { ...HEAD, object: 'chat.completion.chunk', service_tier: 'default', system_fingerprint: 'fp_1' };
  const chunk = (index: number, delta: unknown, finish: string | null = null, more: object = {}) =>
    sse({
      ...head,
      choices: [{ index, delta, logprobs: null, finish_reason: finish, ...more }],
      ...(asked ? { usage: null } : {}),
    });
  const out: string[] = [];
  for (const index of indexes(body)) {
    out.push(chunk(index, { role: 'assistant', content: '', refusal: null }));
    for (const part of of(answer, 'thinking'))
      for (const piece of pieces(part.text)) out.push(chunk(index, { reasoning_content: piece }));
    for (const piece of pieces(textOf(answer))) {
      out.push(chunk(index, { content: piece }, null, answer.logprobs ? { logprobs: logprobs(piece) } : {}));
    }
    for (const [position, { id, name, args }] of of(answer, 'call').entries()) {
      out.push(chunk(index, { tool_calls: [{ index: position, ...toolCall(id, name, '') }] }));
      for (const piece of pieces(JSON.stringify(args))) {
        out.push(chunk(index, { tool_calls: [{ index: position, function: { arguments: piece } }] }));
      }
    }
    out.push(chunk(index, {}, FINISH[answer.stop]));
  }
  if (asked) out.push(sse({ ...head, choices: [], usage: usage(answer) }));
  out.push(sse('[DONE]'));
  return out;
}
