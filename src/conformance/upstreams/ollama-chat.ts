/** Ollama's /api/chat: one object a line; figures stand in the last one. */
import { type Answer, type Format, pieces } from './answer.ts';
import { of, textOf } from './openai-chat.ts';

const HEAD = { model: 'upstream-model', created_at: '2026-11-01T00:00:00Z' };

export const ollamaChat: Format = {
  streamType: 'application/x-ndjson',
  reply: (answer) => ({
    ...HEAD,
    message: { role: 'assistant', content: textOf(answer), ...thinking(answer), ...called(answer) },
    ...logprobs(answer),
    ...last(answer),
  }),
  frames: (answer) => {
    const out: object[] = [];
    for (const part of of(answer, 'thinking')) {
      for (const piece of pieces(part.text))
        out.push({ ...HEAD, message: { role: 'assistant', content: '', thinking: piece }, done: false });
    }
    for (const piece of pieces(textOf(answer))) {
      const one: Answer = { ...answer, parts: [{ type: 'text', text: piece }] };
      out.push({ ...HEAD, message: { role: 'assistant', content: piece }, ...logprobs(one), done: false });
    }
    if (of(answer, 'call').length > 0)
      out.push({ ...HEAD, message: { role: 'assistant', content: '', ...called(answer) }, done: false });
    out.push({ ...HEAD, message: { role: 'assistant', content: '' }, ...last(answer) });
    return out.map((line) => `${JSON.stringify(line)}\n`);
  },
  error: (_status, message) => ({ error: message }),
};

function thinking(answer: Answer): object {
  const text = of(answer, 'thinking').map((part) => part.text);
  return text.length === 0 ? {} : { thinking: text.join('') };
}

function called(answer: Answer): object {
  const calls = of(answer, 'call');
  return calls.length === 0
    ? {}
    : { tool_calls: calls.map(({ id, name, args }, index) => ({ id, function: { index, name, arguments: args } })) };
}

function logprobs(answer: Answer): object {
  if (!answer.logprobs) return {};
  const one = (token: string) => ({ token, logprob: -0.25, bytes: [...Buffer.from(token)] });
  return { logprobs: pieces(textOf(answer)).map((token) => ({ ...one(token), top_logprobs: [one(token)] })) };
}

function last({ stop, usage }: Answer): object {
  return {
    done: true,
    done_reason: stop === 'length' ? 'length' : 'stop',
    total_duration: 5_000_000,
    prompt_eval_count: usage.input,
    eval_count: usage.output,
  };
}
