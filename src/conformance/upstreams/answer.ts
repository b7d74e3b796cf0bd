/** What a scripted upstream shall say, apart from the format it says it in. */

export type AnswerPart =
  | { type: 'text'; text: string }
  /** `proof`: what the provider wants back unchanged; written where its format has a place for one. */
  | { type: 'thinking'; text: string; proof?: string }
  | { type: 'call'; id: string; name: string; args: Record<string, unknown>; proof?: string }
  | { type: 'image'; mediaType: string; data: string };

export interface Answer {
  parts: AnswerPart[];
  stop: 'stop' | 'length' | 'tools' | 'filter' | 'sequence';
  /** The stop sequence that ended it, where the format says so. */
  sequence?: string;
  /** `input` includes `cached` and `cacheWrite`; `output` includes `reasoning`. */
  usage: { input: number; cached: number; cacheWrite: number; output: number; reasoning: number };
  logprobs?: boolean;
  /** Answers with this failure instead. */
  failure?: { status: number; headers?: Record<string, string>; body: unknown };
  /** Sends the first half of a stream and then nothing more until the caller goes away. */
  hang?: boolean;
  /** Ends a stream after its first half. */
  breaks?: boolean;
}

export const USAGE: Answer['usage'] = { input: 57, cached: 0, cacheWrite: 0, output: 23, reasoning: 0 };

export function says(text: string, more: Partial<Answer> = {}): Answer {
  return { parts: [{ type: 'text', text }], stop: 'stop', usage: USAGE, ...more };
}

export function calls(
  list: { id: string; name: string; args: Record<string, unknown> }[],
  more: Partial<Answer> = {},
): Answer {
  return { parts: list.map((call) => ({ type: 'call', ...call })), stop: 'tools', usage: USAGE, ...more };
}

/** A text in pieces, as models stream it. */
export function pieces(text: string, length = 7): string[] {
  return text.match(new RegExp(`.{1,${length}}`, 'gsu')) ?? [];
}

/** One protocol: a request's body and an answer become bytes. */
export interface Format {
  reply(answer: Answer, body: Record<string, unknown>): unknown;
  /** One entry a frame. */
  frames(answer: Answer, body: Record<string, unknown>): (string | Uint8Array)[];
  streamType: string;
  /** A failure in the protocol's own shape. */
  error(status: number, message: string, param?: string): unknown;
}

export function sse(data: unknown, event?: string): string {
  const text = `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
  return event === undefined ? text : `event: ${event}\n${text}`;
}
