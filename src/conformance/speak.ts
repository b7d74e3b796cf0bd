/** One conversation, asked through the official client of each surface, and the answer in one form. */
import assert from 'node:assert/strict';
import type {
  Message as ClaudeMessage,
  MessageCreateParamsNonStreaming,
  MessageParam,
} from '@anthropic-ai/sdk/resources/messages';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import type {
  Response,
  ResponseCreateParamsNonStreaming,
  ResponseInputItem,
} from 'openai/resources/responses/responses';
import { assertSchema } from '../providers/protocols/fixtures/openai-schemas.ts';
import type { World } from './world.ts';

export type ChatSurface = 'chat' | 'responses' | 'messages';
export const SURFACES: readonly ChatSurface[] = ['chat', 'responses', 'messages'];

export type Turn =
  | { user: string; image?: { mediaType: string; data: string }; cached?: boolean }
  /** What a model said before, sent back as its client got it. */
  | { said: Said }
  | { results: { id: string; text: string; image?: { mediaType: string; data: string } }[] };

export interface Ask {
  model: string;
  turns: Turn[];
  system?: string;
  tools?: { name: string; description?: string; parameters: Record<string, unknown> }[];
  /** The tool that has to be called. */
  force?: string;
  parallel?: boolean;
  schema?: { name: string; schema: Record<string, unknown> };
  json?: boolean;
  effort?: 'low' | 'medium' | 'high';
  stop?: string[];
  n?: number;
  maxTokens?: number;
  logprobs?: number;
}

export interface Said {
  text: string;
  reasoning: string;
  calls: { id: string; name: string; args: unknown }[];
  images: string[];
  /** In the surface's own words. */
  finish: string | null;
  stopSequence?: string | null;
  choices: number;
  logprobs: number;
  /** `input` includes what came from a cache. */
  usage: { input: number; cached: number; output: number; reasoning?: number };
  /** Pieces of text in a stream; 0 for a whole reply. */
  pieces: number;
  /** The assistant's turn, as the client keeps it. */
  raw: unknown;
}

export function speak(world: World, surface: ChatSurface, ask: Ask, stream: boolean): Promise<Said> {
  const speakers = { chat: speakChat, responses: speakResponses, messages: speakMessages };
  return speakers[surface](world, ask, stream);
}

function dataUrl(image: { mediaType: string; data: string }): string {
  return `data:${image.mediaType};base64,${image.data}`;
}

// ---------------------------------------------------------------- chat completions

export function chatParams(ask: Ask): ChatCompletionCreateParamsNonStreaming {
  const messages: unknown[] = ask.system === undefined ? [] : [{ role: 'system', content: ask.system }];
  for (const turn of ask.turns) {
    if ('said' in turn) messages.push(turn.said.raw);
    else if ('results' in turn) {
      for (const { id, text, image } of turn.results) {
        const parts = image
          ? [
              { type: 'text', text },
              { type: 'image_url', image_url: { url: dataUrl(image) } },
            ]
          : text;
        messages.push({ role: 'tool', tool_call_id: id, content: parts });
      }
    } else if (turn.image || turn.cached) {
      const text = { type: 'text', text: turn.user, ...(turn.cached ? { cache_control: { type: 'ephemeral' } } : {}) };
      const images = turn.image ? [{ type: 'image_url', image_url: { url: dataUrl(turn.image) } }] : [];
      messages.push({ role: 'user', content: [text, ...images] });
    } else messages.push({ role: 'user', content: turn.user });
  }
  return {
    model: ask.model,
    messages: messages as ChatCompletionMessageParam[],
    ...(ask.tools ? { tools: ask.tools.map((tool) => ({ type: 'function' as const, function: tool })) } : {}),
    ...(ask.force === undefined ? {} : { tool_choice: { type: 'function' as const, function: { name: ask.force } } }),
    ...(ask.parallel === undefined ? {} : { parallel_tool_calls: ask.parallel }),
    ...(ask.schema
      ? { response_format: { type: 'json_schema' as const, json_schema: { ...ask.schema, strict: true } } }
      : {}),
    ...(ask.json ? { response_format: { type: 'json_object' as const } } : {}),
    ...(ask.effort === undefined ? {} : { reasoning_effort: ask.effort }),
    ...(ask.stop ? { stop: ask.stop } : {}),
    ...(ask.n === undefined ? {} : { n: ask.n }),
    ...(ask.maxTokens === undefined ? {} : { max_completion_tokens: ask.maxTokens }),
    ...(ask.logprobs === undefined ? {} : { logprobs: true, top_logprobs: ask.logprobs }),
  };
}

async function speakChat(world: World, ask: Ask, stream: boolean): Promise<Said> {
  const params = chatParams(ask);
  if (!stream) {
    const reply = await world.openai.chat.completions.create(params);
    assertSchema('CreateChatCompletionResponse', reply);
    return saidByChat(reply, 0);
  }
  const chunks = await world.openai.chat.completions.create({
    ...params,
    stream: true,
    stream_options: { include_usage: true },
  });
  const joined = new ChunkJoiner();
  for await (const chunk of chunks) {
    assertSchema('CreateChatCompletionStreamResponse', chunk);
    joined.add(chunk);
  }
  return saidByChat(joined.whole(), joined.pieces);
}

type Loose = Record<string, unknown>;

/** Chunks put together as clients of OpenAI, and of OpenRouter for `reasoning_details`, do it: texts of the same place are joined. */
class ChunkJoiner {
  readonly #choices = new Map<number, Loose>();
  #usage: unknown;
  #head: Loose = {};
  pieces = 0;

  add(chunk: ChatCompletionChunk): void {
    const { choices, usage, ...head } = chunk;
    this.#head = head as unknown as Loose;
    if (usage) this.#usage = usage;
    for (const { index, delta, finish_reason, logprobs } of choices) {
      if (!this.#choices.has(index))
        this.#choices.set(index, {
          index,
          message: { role: 'assistant', content: null },
          finish_reason: null,
          logprobs: null,
        });
      const choice = this.#choices.get(index)!;
      if (finish_reason) choice.finish_reason = finish_reason;
      if (logprobs)
        choice.logprobs = {
          content: [...(((choice.logprobs as Loose | null)?.content as unknown[]) ?? []), ...(logprobs.content ?? [])],
        };
      this.#delta(choice.message as Loose, delta as unknown as Loose);
    }
  }

  whole(): ChatCompletion {
    return {
      ...this.#head,
      object: 'chat.completion',
      choices: [...this.#choices.values()],
      usage: this.#usage,
    } as unknown as ChatCompletion;
  }

  #delta(message: Loose, delta: Loose): void {
    if (delta.content) this.pieces++;
    for (const field of ['content', 'refusal', 'reasoning_content']) {
      if (typeof delta[field] === 'string' && delta[field] !== '')
        message[field] = String(message[field] ?? '') + delta[field];
    }
    for (const field of ['tool_calls', 'reasoning_details'] as const) {
      for (const entry of (delta[field] as Loose[] | undefined) ?? []) {
        message[field] ??= [];
        const list = message[field] as Loose[];
        const known = list.find((each) => each.index === entry.index);
        if (known) mergeTexts(known, entry);
        else list.push(structuredClone(entry));
      }
    }
    if (delta.images) message.images = [...((message.images as unknown[]) ?? []), ...(delta.images as unknown[])];
  }
}

function mergeTexts(into: Loose, from: Loose): void {
  for (const [key, value] of Object.entries(from)) {
    if (typeof value === 'object' && value !== null && typeof into[key] === 'object')
      mergeTexts(into[key] as Loose, value as Loose);
    else if (
      typeof value === 'string' &&
      typeof into[key] === 'string' &&
      ['text', 'summary', 'data', 'arguments'].includes(key)
    )
      into[key] += value;
    else into[key] = value;
  }
}

function saidByChat(reply: ChatCompletion, pieces: number): Said {
  const choice = reply.choices[0]!;
  const message = choice.message as typeof choice.message & {
    reasoning_content?: string;
    images?: { image_url: { url: string } }[];
  };
  return {
    text: message.content ?? '',
    reasoning: message.reasoning_content ?? '',
    calls: (message.tool_calls ?? []).map((call) => {
      assert.equal(call.type, 'function');
      return call.type === 'function'
        ? { id: call.id, name: call.function.name, args: JSON.parse(call.function.arguments) as unknown }
        : assert.fail();
    }),
    images: (message.images ?? []).map((image) => image.image_url.url),
    finish: choice.finish_reason,
    choices: reply.choices.length,
    logprobs: choice.logprobs?.content?.length ?? 0,
    usage: {
      input: reply.usage?.prompt_tokens ?? Number.NaN,
      cached: reply.usage?.prompt_tokens_details?.cached_tokens ?? 0,
      output: reply.usage?.completion_tokens ?? Number.NaN,
      reasoning: reply.usage?.completion_tokens_details?.reasoning_tokens,
    },
    pieces,
    raw: message,
  };
}

// ---------------------------------------------------------------- responses

export function responsesParams(ask: Ask): ResponseCreateParamsNonStreaming {
  const input: unknown[] = [];
  for (const turn of ask.turns) {
    if ('said' in turn) input.push(...(turn.said.raw as unknown[]));
    else if ('results' in turn) {
      for (const { id, text, image } of turn.results) {
        const parts = image
          ? [
              { type: 'input_text', text },
              { type: 'input_image', detail: 'auto', image_url: dataUrl(image) },
            ]
          : text;
        input.push({ type: 'function_call_output', call_id: id, output: parts });
      }
    } else {
      const images = turn.image ? [{ type: 'input_image', detail: 'auto', image_url: dataUrl(turn.image) }] : [];
      input.push({ role: 'user', content: [{ type: 'input_text', text: turn.user }, ...images] });
    }
  }
  const format = ask.schema
    ? { type: 'json_schema' as const, ...ask.schema, strict: true }
    : ask.json
      ? { type: 'json_object' as const }
      : undefined;
  return {
    model: ask.model,
    input: input as ResponseInputItem[],
    ...(ask.system === undefined ? {} : { instructions: ask.system }),
    ...(ask.tools ? { tools: ask.tools.map((tool) => ({ type: 'function' as const, strict: false, ...tool })) } : {}),
    ...(ask.force === undefined ? {} : { tool_choice: { type: 'function' as const, name: ask.force } }),
    ...(ask.parallel === undefined ? {} : { parallel_tool_calls: ask.parallel }),
    ...(format ? { text: { format } } : {}),
    ...(ask.effort === undefined
      ? {}
      : { reasoning: { effort: ask.effort }, include: ['reasoning.encrypted_content' as const] }),
    ...(ask.maxTokens === undefined ? {} : { max_output_tokens: ask.maxTokens }),
    ...(ask.logprobs === undefined
      ? {}
      : { include: ['message.output_text.logprobs' as const], top_logprobs: ask.logprobs }),
  };
}

/** Event type → its schema in OpenAI's description. */
const EVENT_SCHEMAS: Record<string, string> = {
  'response.created': 'ResponseCreatedEvent',
  'response.in_progress': 'ResponseInProgressEvent',
  'response.completed': 'ResponseCompletedEvent',
  'response.incomplete': 'ResponseIncompleteEvent',
  'response.output_item.added': 'ResponseOutputItemAddedEvent',
  'response.output_item.done': 'ResponseOutputItemDoneEvent',
  'response.content_part.added': 'ResponseContentPartAddedEvent',
  'response.content_part.done': 'ResponseContentPartDoneEvent',
  'response.output_text.delta': 'ResponseTextDeltaEvent',
  'response.output_text.done': 'ResponseTextDoneEvent',
  'response.refusal.delta': 'ResponseRefusalDeltaEvent',
  'response.refusal.done': 'ResponseRefusalDoneEvent',
  'response.function_call_arguments.delta': 'ResponseFunctionCallArgumentsDeltaEvent',
  'response.function_call_arguments.done': 'ResponseFunctionCallArgumentsDoneEvent',
  'response.reasoning_summary_part.added': 'ResponseReasoningSummaryPartAddedEvent',
  'response.reasoning_summary_part.done': 'ResponseReasoningSummaryPartDoneEvent',
  'response.reasoning_summary_text.delta': 'ResponseReasoningSummaryTextDeltaEvent',
  'response.reasoning_summary_text.done': 'ResponseReasoningSummaryTextDoneEvent',
};

async function speakResponses(world: World, ask: Ask, stream: boolean): Promise<Said> {
  const params = responsesParams(ask);
  if (!stream) {
    const reply = await world.openai.responses.create(params);
    // The client adds this convenience itself.
    const { output_text: _, ...body } = reply;
    assertSchema('Response', body);
    return saidByResponse(reply, 0);
  }
  const running = world.openai.responses.stream({ ...params, stream: true });
  let pieces = 0;
  running.on('response.output_text.delta', () => pieces++);
  const reply = await running.finalResponse();
  assertEvents(await world.wire().body);
  return saidByResponse(reply, pieces);
}

/** Each event as it came over the wire, against its schema, in growing sequence. */
function assertEvents(text: string): void {
  let sequence = -1;
  for (const line of text.split('\n').filter((each) => each.startsWith('data: '))) {
    const event = JSON.parse(line.slice('data: '.length)) as { type: string; sequence_number: number };
    const schema = EVENT_SCHEMAS[event.type];
    assert.ok(schema, `an event of type ${event.type}`);
    assertSchema(schema, event);
    assert.ok(event.sequence_number > sequence, 'sequence numbers grow');
    sequence = event.sequence_number;
  }
}

function saidByResponse(reply: Response, pieces: number): Said {
  const said: Said = {
    text: reply.output_text ?? '',
    reasoning: '',
    calls: [],
    images: [],
    finish: reply.status === 'incomplete' ? (reply.incomplete_details?.reason ?? null) : (reply.status ?? null),
    choices: 1,
    logprobs: 0,
    usage: {
      input: reply.usage?.input_tokens ?? Number.NaN,
      cached: reply.usage?.input_tokens_details.cached_tokens ?? 0,
      output: reply.usage?.output_tokens ?? Number.NaN,
      reasoning: reply.usage?.output_tokens_details.reasoning_tokens,
    },
    pieces,
    raw: reply.output.map(withoutParsed),
  };
  for (const item of reply.output) {
    if (item.type === 'reasoning') said.reasoning += item.summary.map((part) => part.text).join('');
    if (item.type === 'function_call')
      said.calls.push({ id: item.call_id, name: item.name, args: JSON.parse(item.arguments) as unknown });
    if (item.type === 'image_generation_call' && item.result) said.images.push(item.result);
    if (item.type === 'message')
      for (const part of item.content) if (part.type === 'output_text') said.logprobs += part.logprobs?.length ?? 0;
  }
  return said;
}

/** The client's helper adds what it parsed; that is not part of what a client sends back. */
function withoutParsed(item: unknown): unknown {
  return JSON.parse(
    JSON.stringify(item, (key, value: unknown) => (key === 'parsed' || key === 'parsed_arguments' ? undefined : value)),
  ) as unknown;
}

// ---------------------------------------------------------------- messages

export function messagesParams(ask: Ask): MessageCreateParamsNonStreaming {
  const picture = (image: { mediaType: string; data: string }) => ({
    type: 'image',
    source: { type: 'base64', media_type: image.mediaType, data: image.data },
  });
  const messages = ask.turns.map((turn) => {
    if ('said' in turn) return { role: 'assistant', content: turn.said.raw };
    if ('results' in turn) {
      const content = turn.results.map(({ id, text, image }) => ({
        type: 'tool_result',
        tool_use_id: id,
        content: [{ type: 'text', text }, ...(image ? [picture(image)] : [])],
      }));
      return { role: 'user', content };
    }
    const text = { type: 'text', text: turn.user, ...(turn.cached ? { cache_control: { type: 'ephemeral' } } : {}) };
    return { role: 'user', content: [text, ...(turn.image ? [picture(turn.image)] : [])] };
  });
  const choice = ask.force === undefined ? { type: 'auto' as const } : { type: 'tool' as const, name: ask.force };
  return {
    model: ask.model,
    max_tokens: ask.maxTokens ?? 4000,
    messages: messages as MessageParam[],
    ...(ask.system === undefined ? {} : { system: ask.system }),
    ...(ask.tools
      ? {
          tools: ask.tools.map(({ name, description, parameters }) => ({
            name,
            description,
            input_schema: parameters as { type: 'object' },
          })),
        }
      : {}),
    ...(ask.force === undefined && ask.parallel === undefined
      ? {}
      : { tool_choice: { ...choice, ...(ask.parallel === false ? { disable_parallel_tool_use: true } : {}) } }),
    ...(ask.schema ? { output_config: { format: { type: 'json_schema' as const, schema: ask.schema.schema } } } : {}),
    ...(ask.effort === undefined ? {} : { thinking: { type: 'enabled' as const, budget_tokens: 2048 } }),
    ...(ask.stop ? { stop_sequences: ask.stop } : {}),
  };
}

async function speakMessages(world: World, ask: Ask, stream: boolean): Promise<Said> {
  const params = messagesParams(ask);
  if (!stream) return saidByClaude(await world.anthropic.messages.create(params), 0);
  let pieces = 0;
  const running = world.anthropic.messages.stream(params);
  running.on('text', () => pieces++);
  return saidByClaude(await running.finalMessage(), pieces);
}

function saidByClaude(reply: ClaudeMessage, pieces: number): Said {
  assert.equal(reply.type, 'message');
  assert.equal(reply.role, 'assistant');
  const said: Said = {
    text: '',
    reasoning: '',
    calls: [],
    images: [],
    finish: reply.stop_reason,
    stopSequence: reply.stop_sequence,
    choices: 1,
    logprobs: 0,
    usage: {
      input:
        reply.usage.input_tokens +
        (reply.usage.cache_read_input_tokens ?? 0) +
        (reply.usage.cache_creation_input_tokens ?? 0),
      cached: reply.usage.cache_read_input_tokens ?? 0,
      output: reply.usage.output_tokens,
      reasoning: reply.usage.output_tokens_details?.thinking_tokens,
    },
    pieces,
    raw: reply.content,
  };
  for (const block of reply.content) {
    if (block.type === 'text') said.text += block.text;
    if (block.type === 'thinking') said.reasoning += block.thinking;
    if (block.type === 'tool_use') said.calls.push({ id: block.id, name: block.name, args: block.input });
  }
  return said;
}
