/** Ollama's /api/chat: one JSON object a line, figures in the last one, zeros left out. It has no ids, so the reply's id is put in `mock_id`. */
import { type Dialect, objectOf, positive } from './dialect.ts';
import { type Frame, frame, type Plan, textOf } from './plan.ts';
import { vectorOf } from './script.ts';

export const ollamaChat: Dialect = {
  name: 'ollama-chat',
  streamType: 'application/x-ndjson',
  silenceMeansZero: true,
  malformed: '{"model":"broken","message":{"role"\n',
  limit: (body) => positive(objectOf(body.options).num_predict),
  choices: () => 1,
  usage,
  reply: (plan) => ({ ...head(plan), message: message(plan, textOf(plan), true), ...ending(plan) }),
  frames,
  error: (status) => ({ error: `The mock was told to answer ${status}.` }),
};

function usage(plan: Plan) {
  const raw = plan.usageShown ? vectorOf({ input: plan.script.input, output: plan.output }) : {};
  return {
    raw: {
      ...(raw.input ? { prompt_eval_count: raw.input } : {}),
      ...(raw.output ? { eval_count: raw.output } : {}),
    },
    vector: raw,
  };
}

function head(plan: Plan) {
  return { model: plan.model, created_at: new Date(plan.created_s * 1000).toISOString(), mock_id: plan.id };
}

function message(plan: Plan, text: string, withTools: boolean) {
  const thinking = withTools && plan.script.show_reasoning && plan.reasoning ? { thinking: 'Thinking.' } : {};
  if (withTools && plan.finish === 'tool') {
    return { role: 'assistant', content: '', ...thinking, tool_calls: [{ function: plan.script.tool }] };
  }
  return { role: 'assistant', content: text, ...thinking };
}

function ending(plan: Plan) {
  return {
    done: true,
    done_reason: plan.finish === 'length' ? 'length' : 'stop',
    total_duration: 5_000_000,
    load_duration: 1_000_000,
    ...usage(plan).raw,
  };
}

function frames(plan: Plan): Frame[] {
  const line = (fields: object) => `${JSON.stringify({ ...head(plan), ...fields })}\n`;
  const pieces = plan.finish === 'tool' ? [''] : plan.pieces;
  return [
    ...pieces.map((piece, index) => frame(line({ message: message(plan, piece, index === 0), done: false }), 'text')),
    frame(line({ message: { role: 'assistant', content: '' }, ...ending(plan) }), 'end', true),
  ];
}
