/** AWS Bedrock's Converse and its binary event stream (API reference "Converse", "ConverseStream"). */
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { fromUtf8, toUtf8 } from '@smithy/util-utf8';
import { type Answer, type AnswerPart, type Format, pieces } from './answer.ts';

const STOP = {
  stop: 'end_turn',
  length: 'max_tokens',
  tools: 'tool_use',
  filter: 'guardrail_intervened',
  sequence: 'stop_sequence',
} as const;
const codec = new EventStreamCodec(toUtf8, fromUtf8);

export const bedrockConverse: Format = {
  streamType: 'application/vnd.amazon.eventstream',
  reply: (answer) => ({
    output: { message: { role: 'assistant', content: answer.parts.map(block) } },
    stopReason: STOP[answer.stop],
    usage: usage(answer),
    metrics: { latencyMs: 5 },
    ...extra(answer),
  }),
  frames: (answer) => {
    const out = [event('messageStart', { role: 'assistant' })];
    answer.parts.forEach((part, contentBlockIndex) => {
      const delta = (fields: object) => out.push(event('contentBlockDelta', { contentBlockIndex, delta: fields }));
      if (part.type === 'call') {
        out.push(
          event('contentBlockStart', {
            contentBlockIndex,
            start: { toolUse: { toolUseId: part.id, name: part.name } },
          }),
        );
        for (const input of pieces(JSON.stringify(part.args))) delta({ toolUse: { input } });
      } else if (part.type === 'text') for (const text of pieces(part.text)) delta({ text });
      else if (part.type === 'thinking') {
        for (const text of pieces(part.text)) delta({ reasoningContent: { text } });
        if (part.proof !== undefined) delta({ reasoningContent: { signature: part.proof } });
      }
      out.push(event('contentBlockStop', { contentBlockIndex }));
    });
    out.push(event('messageStop', { stopReason: STOP[answer.stop], ...extra(answer) }));
    out.push(event('metadata', { usage: usage(answer), metrics: { latencyMs: 5 } }));
    return out;
  },
  error: (_status, message) => ({ message }),
};

function block(part: AnswerPart): Record<string, unknown> {
  switch (part.type) {
    case 'text':
      return { text: part.text };
    case 'thinking':
      return {
        reasoningContent: {
          reasoningText: { text: part.text, ...(part.proof === undefined ? {} : { signature: part.proof }) },
        },
      };
    case 'call':
      return { toolUse: { toolUseId: part.id, name: part.name, input: part.args } };
    case 'image':
      return { image: { format: part.mediaType.slice('image/'.length), source: { bytes: part.data } } };
  }
}

function extra({ stop, sequence }: Answer): object {
  return stop === 'sequence' ? { additionalModelResponseFields: { stop_sequence: sequence ?? null } } : {};
}

function usage({ usage: { input, cached, cacheWrite, output } }: Answer): Record<string, unknown> {
  return {
    inputTokens: input - cached - cacheWrite,
    outputTokens: output,
    totalTokens: input + output,
    ...(cached ? { cacheReadInputTokens: cached } : {}),
    ...(cacheWrite ? { cacheWriteInputTokens: cacheWrite } : {}),
  };
}

function event(type: string, data: object): Uint8Array {
  return codec.encode({
    headers: {
      ':message-type': { type: 'string', value: 'event' },
      ':event-type': { type: 'string', value: type },
      ':content-type': { type: 'string', value: 'application/json' },
    },
    body: Buffer.from(JSON.stringify(data)),
  });
}
