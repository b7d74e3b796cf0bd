/** The operations of an exactness run: every surface against every protocol, with everything that goes wrong with upstreams and clients. */
import { type Fault, type Script, type ScriptText, scriptPrompt } from '../mock-upstream.ts';
import { Random } from './random.ts';
import { WORLD } from './world.ts';

export type SurfaceCall =
  | 'chat'
  | 'responses'
  | 'messages'
  | 'embeddings'
  | 'ark-chat'
  | 'ark-responses'
  | 'ark-embeddings';

export interface Case {
  /** Also the tag `case`, and the script's own case. */
  name: string;
  kind: string;
  surface: SurfaceCall;
  path: string;
  stream: boolean;
  body: Record<string, unknown>;
  /** When the client goes away. */
  abort?: { afterReads: number } | { after_ms: number };
}

const PATHS: Record<SurfaceCall, string> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  embeddings: '/v1/embeddings',
  'ark-chat': '/api/v3/chat/completions',
  'ark-responses': '/api/v3/responses',
  'ark-embeddings': '/api/v3/embeddings',
};

const TALKING: SurfaceCall[] = ['chat', 'chat', 'responses', 'messages', 'ark-chat', 'ark-responses'];
const DIRECT = Object.keys(WORLD).filter((name) => name !== 'storm');
const EMBEDDING = Object.entries(WORLD).flatMap(([name, provider]) => (provider.embeddings ? [name] : []));

type Maker = (
  random: Random,
) => Partial<Omit<Case, 'name' | 'body'>> & { model?: string; script?: ScriptText; limit?: number; choices?: number };

const failing = (fault: Fault): Maker => {
  return (random) => ({ script: { fault, delay_ms: fault.startsWith('slow') ? random.int(20, 120) : 0 } });
};

/** Kind → how many of a hundred, and how such a case is made. */
const KINDS: Record<string, [number, Maker]> = {
  plain: [34, () => ({})],
  limited: [4, (random) => ({ limit: random.int(1, 60) })],
  choices: [
    2,
    (random) => ({ surface: 'chat', model: random.pick(['openai/m', 'plainai/m']), choices: random.int(2, 3) }),
  ],
  spread: [4, () => ({ model: 'spread' })],
  embeddings: [
    7,
    (random) => ({
      surface: random.pick(['embeddings', 'ark-embeddings']),
      model: `${random.pick(EMBEDDING)}/e`,
      stream: false,
    }),
  ],
  abort_stream: [
    6,
    (random) => ({
      stream: true,
      abort: { afterReads: random.int(1, 4) },
      script: { output: random.int(20, 200), chunks: 12, chunk_delay_ms: random.int(2, 10) },
    }),
  ],
  /** So late that the model has often stopped and only its usage is on the way. */
  abort_late: [
    2,
    () => ({ stream: true, abort: { afterReads: 2 }, script: { output: 12, chunks: 3, chunk_delay_ms: 3 } }),
  ],
  abort_whole: [3, (random) => ({ stream: false, abort: { after_ms: random.int(5, 60) }, script: { delay_ms: 150 } })],
  storm_429: [4, (random) => ({ model: 'retried', script: { tries: storm(random, 429) } })],
  storm_500: [4, (random) => ({ model: 'retried', script: { tries: storm(random, 500) } })],
  lost: [3, (random) => ({ model: 'retried', script: { tries: [refusal(random, random.pick([429, 500, 503]))] } })],
  fallback: [5, (random) => ({ model: 'fallback', script: { tries: storm(random, random.pick([429, 500, 503])) } })],
  fallback_reset: [3, () => ({ model: 'fallback', script: { tries: [{ fault: 'reset_before' }, {}] } })],
  reset_before: [2, failing('reset_before')],
  reset_mid: [4, failing('reset_mid')],
  truncate: [2, failing('truncate')],
  malformed: [4, failing('malformed')],
  no_done: [2, failing('no_done')],
  no_usage: [2, failing('no_usage')],
  usage_in_last: [1, failing('usage_in_last')],
  usage_empty_choices: [1, failing('usage_empty_choices')],
  slow_first: [1, failing('slow_first')],
  slow_mid: [2, failing('slow_mid')],
};

/** One or two refusals, then an answer. */
function storm(random: Random, status: number): Partial<Script>[] {
  return [...Array.from({ length: random.int(1, 2) }, () => refusal(random, status)), {}];
}

function refusal(random: Random, status: number): Partial<Script> {
  return random.chance(0.3) ? { status, retry_after: 0 } : { status };
}

/** `count` cases; the same seed gives the same ones. Every kind occurs when there are a hundred or more. */
export function makeCases(count: number, seed: number): Case[] {
  const random = new Random(seed);
  const bag: string[] = Object.entries(KINDS).flatMap(([kind, [share]]) => Array.from({ length: share }, () => kind));
  return Array.from({ length: count }, (_, index) => {
    const kind = index < bag.length ? bag[(index * 37) % bag.length]! : random.pick(bag);
    return makeCase(String(index + 1), kind, random);
  });
}

function makeCase(name: string, kind: string, random: Random): Case {
  const made = KINDS[kind]![1](random);
  const surface = made.surface ?? random.pick(TALKING);
  const stream = made.stream ?? random.chance(0.5);
  const model = made.model ?? `${random.pick(DIRECT)}/m`;
  const script: ScriptText = { ...usage(random), ...made.script, case: name };
  const limit = made.limit ?? (random.chance(0.2) ? 4_000 : undefined);
  return {
    name,
    kind,
    surface,
    path: PATHS[surface],
    stream,
    body: bodyOf(surface, model, scriptPrompt(script), stream, limit, made.choices, random),
    ...(made.abort ? { abort: made.abort } : {}),
  };
}

function usage(random: Random): Partial<Script> {
  const input = random.int(1, 5_000);
  const output = random.int(1, 300);
  const cached = random.chance(0.4) ? random.int(0, Math.floor(input / 2)) : 0;
  const writes = random.chance(0.2) ? random.int(0, Math.floor(input / 4)) : 0;
  return {
    input,
    cached,
    cache_write: writes,
    ...(random.chance(0.1) ? { cache_write_1h: random.int(0, Math.floor(input / 8)) } : {}),
    output,
    reasoning: random.chance(0.3) ? random.int(0, Math.floor(output / 2)) : 0,
    chunks: random.int(1, 12),
  };
}

function bodyOf(
  surface: SurfaceCall,
  model: string,
  prompt: string,
  stream: boolean,
  limit: number | undefined,
  choices: number | undefined,
  random: Random,
): Record<string, unknown> {
  const shared = { model, ...(stream ? { stream: true } : {}) };
  const messages = [{ role: 'user', content: prompt }];
  switch (surface) {
    case 'embeddings':
    case 'ark-embeddings':
      return { model, input: random.chance(0.5) ? prompt : [prompt, 'and another text'] };
    case 'responses':
    case 'ark-responses':
      return { ...shared, input: prompt, ...(limit === undefined ? {} : { max_output_tokens: limit }) };
    case 'messages':
      return { ...shared, messages, max_tokens: limit ?? 4_096 };
    default:
      return {
        ...shared,
        messages,
        ...(limit === undefined ? {} : { [random.pick(['max_tokens', 'max_completion_tokens'])]: limit }),
        ...(choices === undefined ? {} : { n: choices }),
        ...(stream && random.chance(0.5) ? { stream_options: { include_usage: true } } : {}),
      };
  }
}
