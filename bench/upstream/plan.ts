/** What one answer of the mock will say, worked out before any byte of it is written. */
import type { Script } from './script.ts';

export interface Plan {
  /** The reply's own id, in the body of every protocol that has a place for one. */
  id: string;
  model: string;
  stream: boolean;
  script: Script;
  /** Choices asked for. */
  choices: number;
  /** Tokens of one choice, reasoning among them, within the request's limit. */
  output: number;
  reasoning: number;
  /** Text of one choice, one entry a frame; never more words than `output - reasoning`. */
  pieces: string[];
  finish: 'stop' | 'length' | 'tool';
  /** openai-chat streams: the caller asked for usage. */
  usageAsked: boolean;
  /** false: leave usage out. */
  usageShown: boolean;
  created_s: number;
}

/** More text than this is never written, whatever `output` says: figures are pinned, bytes are bounded. */
const MAX_WORDS = 8_192;
const WORD = ' word';

export function makePlan(
  id: string,
  script: Script,
  request: { model: string; stream: boolean; choices: number; limit: number | undefined; usageAsked: boolean },
): Plan {
  const output = request.limit === undefined ? script.output : Math.min(script.output, request.limit);
  const reasoning = Math.min(script.reasoning, output);
  const shortened = output < script.output;
  return {
    id,
    model: request.model,
    stream: request.stream,
    script,
    choices: request.choices,
    output,
    reasoning,
    pieces: script.text === undefined ? words(output - reasoning, script.chunks) : [script.text],
    finish: shortened ? 'length' : script.tool ? 'tool' : 'stop',
    usageAsked: request.usageAsked,
    usageShown: script.fault !== 'no_usage',
    created_s: Math.floor(Date.now() / 1000),
  };
}

/** `tokens` words in at most `frames` pieces of nearly equal length. */
function words(tokens: number, frames: number): string[] {
  const count = Math.min(tokens, MAX_WORDS);
  const pieces = Math.max(1, Math.min(frames, count));
  if (count === 0) return [];
  return Array.from({ length: pieces }, (_, index) => {
    const from = Math.floor((count * index) / pieces);
    return WORD.repeat(Math.floor((count * (index + 1)) / pieces) - from);
  });
}

export function textOf(plan: Plan): string {
  return plan.pieces.join('');
}

/** One piece of a stream as it goes over the wire. */
export interface Frame {
  bytes: string;
  kind: 'open' | 'text' | 'finish' | 'usage' | 'end';
  /** This frame bears the stream's final usage. */
  bearsUsage: boolean;
}

export function frame(bytes: string, kind: Frame['kind'], bearsUsage = false): Frame {
  return { bytes, kind, bearsUsage };
}

export function sse(data: unknown, event?: string): string {
  const json = typeof data === 'string' ? data : JSON.stringify(data);
  return event === undefined ? `data: ${json}\n\n` : `event: ${event}\ndata: ${json}\n\n`;
}
