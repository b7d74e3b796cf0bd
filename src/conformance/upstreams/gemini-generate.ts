/** Gemini's generateContent as Google documents it; thoughts are not in candidatesTokenCount, and every chunk's usage is cumulative. */
import { type Answer, type AnswerPart, type Format, pieces, sse } from './answer.ts';

const FINISH = { stop: 'STOP', length: 'MAX_TOKENS', tools: 'STOP', filter: 'SAFETY', sequence: 'STOP' } as const;
type Body = Record<string, unknown>;

export const geminiGenerate: Format = {
  streamType: 'text/event-stream',
  reply: (answer, body) => ({
    candidates: indexes(body).map((index) => ({
      content: { role: 'model', parts: answer.parts.map(part) },
      finishReason: FINISH[answer.stop],
      index,
      ...(answer.logprobs ? { logprobsResult: logprobs(answer) } : {}),
    })),
    usageMetadata: usage(answer),
    modelVersion: 'upstream-model',
    responseId: 'r3sp0nse',
  }),
  frames,
  error: (status, message) => ({
    error: {
      code: status,
      message,
      status: status === 429 ? 'RESOURCE_EXHAUSTED' : status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT',
    },
  }),
};

function indexes(body: Body): number[] {
  const config = body.generationConfig as { candidateCount?: number } | undefined;
  return Array.from({ length: config?.candidateCount ?? 1 }, (_, index) => index);
}

function part(from: AnswerPart): Body {
  switch (from.type) {
    case 'text':
      return { text: from.text };
    case 'thinking':
      return { text: from.text, thought: true, ...(from.proof === undefined ? {} : { thoughtSignature: from.proof }) };
    case 'call':
      return {
        functionCall: { id: from.id, name: from.name, args: from.args },
        ...(from.proof === undefined ? {} : { thoughtSignature: from.proof }),
      };
    case 'image':
      return { inlineData: { mimeType: from.mediaType, data: from.data } };
  }
}

function usage({ usage: { input, cached, output, reasoning } }: Answer): Body {
  return {
    promptTokenCount: input,
    candidatesTokenCount: output - reasoning,
    totalTokenCount: input + output,
    ...(cached ? { cachedContentTokenCount: cached } : {}),
    ...(reasoning ? { thoughtsTokenCount: reasoning } : {}),
  };
}

function logprobs(answer: Answer): Body {
  const text = answer.parts.map((each) => (each.type === 'text' ? each.text : '')).join('');
  const chosen = pieces(text).map((token) => ({ token, tokenId: 5, logProbability: -0.25 }));
  return { chosenCandidates: chosen, topCandidates: chosen.map((each) => ({ candidates: [each] })) };
}

function frames(answer: Answer, body: Body): string[] {
  const out: string[] = [];
  const chunk = (index: number, parts: Body[], more: object = {}) =>
    out.push(
      sse({
        candidates: [{ content: { role: 'model', parts }, index, ...more }],
        usageMetadata: usage(answer),
        modelVersion: 'upstream-model',
        responseId: 'r3sp0nse',
      }),
    );
  for (const index of indexes(body)) {
    for (const each of answer.parts) {
      if (each.type === 'text') {
        for (const text of pieces(each.text)) {
          const one: Answer = { ...answer, parts: [{ type: 'text', text }] };
          chunk(index, [{ text }], answer.logprobs ? { logprobsResult: logprobs(one) } : {});
        }
      } else chunk(index, [part(each)]);
    }
    chunk(index, [{ text: '' }], { finishReason: FINISH[answer.stop] });
  }
  return out;
}
