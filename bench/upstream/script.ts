/**
 * What a request asks the mock upstream to do. A request carries its script in its own text, as `#script {…}`, so that it survives any
 * translation on the way; without one the mock answers 12 tokens in and 8 out.
 */
import type { UsageVector } from '../../src/contract/usage.ts';

export const FAULTS = [
  'none',
  /** The connection is reset before a byte of the answer. */
  'reset_before',
  /** … after half of it. */
  'reset_mid',
  /** Half of the answer, then an orderly close where more was promised. */
  'truncate',
  /** A frame (or the body) that is no JSON, in the middle. */
  'malformed',
  /** `delay_ms` (default 300) before the first byte. */
  'slow_first',
  /** `delay_ms` (default 300) in the middle. */
  'slow_mid',
  /** No usage anywhere. */
  'no_usage',
  /** openai-chat streams: usage in a chunk with empty choices, asked for or not. */
  'usage_empty_choices',
  /** openai-chat streams: usage in the chunk that bears the finish reason. */
  'usage_in_last',
  /** Streams: the end mark (`[DONE]`, `message_stop`, `response.completed`, `done: true`) never comes. */
  'no_done',
] as const;

export type Fault = (typeof FAULTS)[number];

export interface Script {
  /** Tokens read, `cached` and the cache writes among them. */
  input: number;
  cached: number;
  /** Written to a cache for five minutes; protocols without such a field ignore it. */
  cache_write: number;
  cache_write_1h: number;
  /** Tokens written, `reasoning` among them; cut to the request's own limit. */
  output: number;
  reasoning: number;
  /** Frames that carry text, at most one for each token. */
  chunks: number;
  chunk_delay_ms: number;
  /** Before the first byte; with `slow_mid`, in the middle. */
  delay_ms: number;
  status: number;
  fault: Fault;
  /** Seconds, sent as `retry-after` with a status that is not 200. */
  retry_after?: number;
  /** Text to write instead of words; one token a frame is no longer promised. */
  text?: string;
  /** Answers with this tool call instead of text. */
  tool?: { name: string; arguments: unknown };
  /** Shows the reasoning as text where the protocol has a place for it. */
  show_reasoning: boolean;
}

/** A script as it is written in a prompt. `tries[k]` overrides it for the k-th arrival of the same `case` (the last one also for later ones). */
export type ScriptText = Partial<Script> & { case?: string; tries?: Partial<Script>[] };

export const DEFAULT_SCRIPT: Script = {
  input: 12,
  cached: 0,
  cache_write: 0,
  cache_write_1h: 0,
  output: 8,
  reasoning: 0,
  chunks: 4,
  chunk_delay_ms: 0,
  delay_ms: 0,
  status: 200,
  fault: 'none',
  show_reasoning: false,
};

const MARK = '#script ';

/** The prompt text that makes the mock follow `script`. */
export function scriptPrompt(script: ScriptText, before = 'Say something.'): string {
  return `${before} ${MARK}${JSON.stringify(script)}`;
}

/** The last script in any string of a request's body, or undefined. Throws SyntaxError when its JSON is broken. */
export function findScript(body: unknown): ScriptText | undefined {
  let found: string | undefined;
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      if (value.includes(MARK)) found = value;
    } else if (Array.isArray(value)) value.forEach(visit);
    else if (value && typeof value === 'object') Object.values(value).forEach(visit);
  };
  visit(body);
  if (found === undefined) return undefined;
  return JSON.parse(leadingObject(found.slice(found.lastIndexOf(MARK) + MARK.length))) as ScriptText;
}

/** The JSON object that `text` begins with; what follows it is left out. */
function leadingObject(text: string): string {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (quoted) {
      if (char === '\\') index++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return text.slice(0, index + 1);
  }
  return text;
}

/** The script of one arrival, whole. */
export function resolveScript(base: Script, text: ScriptText | undefined, arrival: number): Script {
  if (!text) return base;
  const { case: _case, tries, ...own } = text;
  const turn = tries?.length ? tries[Math.min(arrival, tries.length - 1)] : undefined;
  const script = { ...base, ...own, ...turn };
  if (!FAULTS.includes(script.fault)) throw new SyntaxError(`no fault is called ${JSON.stringify(script.fault)}`);
  return script;
}

/** A vector without its zeros, as the ledger writes it. */
export function vectorOf(parts: UsageVector): UsageVector {
  return Object.fromEntries(Object.entries(parts).filter(([, count]) => count)) as UsageVector;
}
