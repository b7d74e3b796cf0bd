/** Gemini's generateContent and streamGenerateContent?alt=sse: candidates exclude thoughts, every chunk's usage is cumulative, the end is the end of the stream. */
import { type Dialect, objectOf, positive } from './dialect.ts';
import { type Frame, frame, type Plan, sse, textOf } from './plan.ts';
import { vectorOf } from './script.ts';

const FINISH = { stop: 'STOP', length: 'MAX_TOKENS', tool: 'STOP' } as const;

export const geminiGenerate: Dialect = {
  name: 'gemini-generate',
  streamType: 'text/event-stream',
  malformed: 'data: {"candidates":[{"content":{"parts"\n\n',
  limit: (body) => positive(objectOf(body.generationConfig).maxOutputTokens),
  choices: (body) => positive(objectOf(body.generationConfig).candidateCount) ?? 1,
  usage: (plan) => usageAt(plan, plan.output - plan.reasoning),
  reply: (plan) => ({
    candidates: candidates(plan, parts(plan), FINISH[plan.finish]),
    ...(plan.usageShown ? { usageMetadata: usageAt(plan, plan.output - plan.reasoning).raw } : {}),
    modelVersion: plan.model,
    responseId: plan.id,
  }),
  frames,
  error: geminiError,
};

export function geminiError(code: number): unknown {
  const status =
    code === 429 ? 'RESOURCE_EXHAUSTED' : code === 503 ? 'UNAVAILABLE' : code >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT';
  return { error: { code, message: `The mock was told to answer ${code}.`, status } };
}

/** Usage after `written` tokens of text of each candidate; fields that are zero are left out, as the API does. */
function usageAt(plan: Plan, written: number) {
  const { input, cached } = plan.script;
  const output = written * plan.choices;
  const thoughts = plan.reasoning * plan.choices;
  const raw = vectorLike({
    promptTokenCount: input,
    cachedContentTokenCount: cached,
    candidatesTokenCount: output,
    thoughtsTokenCount: thoughts,
    totalTokenCount: input + output + thoughts,
  });
  return { raw, vector: vectorOf({ input: input - cached, cache_read: cached, output, reasoning: thoughts }) };
}

function vectorLike(fields: Record<string, number>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, count]) => count !== 0));
}

function candidates(plan: Plan, content: unknown[], finishReason?: string) {
  return Array.from({ length: plan.choices }, (_, index) => ({
    content: { role: 'model', parts: content },
    ...(finishReason ? { finishReason } : {}),
    index,
  }));
}

function parts(plan: Plan): unknown[] {
  const thought = plan.script.show_reasoning && plan.reasoning ? [{ text: 'Thinking.', thought: true }] : [];
  if (plan.finish === 'tool') {
    const { name, arguments: args } = plan.script.tool!;
    return [...thought, { functionCall: { name, args }, thoughtSignature: 'bW9jaw==' }];
  }
  return [...thought, { text: textOf(plan) }];
}

function frames(plan: Plan): Frame[] {
  const pieces: unknown[][] = plan.finish === 'tool' ? [parts(plan)] : plan.pieces.map((text) => [{ text }]);
  if (pieces.length === 0) pieces.push([{ text: '' }]);
  if (plan.finish !== 'tool' && plan.script.show_reasoning && plan.reasoning) {
    pieces.unshift([{ text: 'Thinking.', thought: true }]);
  }
  const visible = plan.output - plan.reasoning;
  return pieces.map((content, index) => {
    const last = index === pieces.length - 1;
    const written = last ? visible : Math.floor((visible * (index + 1)) / pieces.length);
    const finish = last && plan.script.fault !== 'no_done' ? FINISH[plan.finish] : undefined;
    const usage = plan.usageShown ? { usageMetadata: usageAt(plan, written).raw } : {};
    const bytes = sse({
      candidates: candidates(plan, content, finish),
      ...usage,
      modelVersion: plan.model,
      responseId: plan.id,
    });
    return frame(bytes, last ? 'finish' : 'text', last && plan.usageShown);
  });
}
