/** A reply, written as a response object (OpenAI API reference, Response). */
import type { AppError } from '../../../base/errors.ts';
import type {
  ChatRequest,
  Choice,
  FinishReason,
  JsonObject,
  Part,
  Reply,
  ReplyContext,
  ResponseFormat,
  ToolChoice,
} from '../../protocol.ts';
import { callItem, imageItem, itemLogprobs, messageItem, reasoningItem, refusalContent, textContent } from './items.ts';
import { writeResponsesUsage } from './usage.ts';

const TIERS: ReadonlySet<string> = new Set(['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast']);

export interface Outcome {
  status: 'completed' | 'incomplete';
  reason?: 'max_output_tokens' | 'content_filter';
}

export function renderResponse(reply: Reply, request: ChatRequest, context: ReplyContext): JsonObject {
  const choice = reply.choices[0];
  const refused = choice?.content.some((part) => part.type === 'refusal') ?? false;
  const outcome = outcomeOf(choice?.finish ?? 'stop', refused);
  const usage = writeResponsesUsage(reply.usage);
  return {
    ...responseHead(request, context, responseId(reply.id, context)),
    ...outcomeFields(outcome),
    output: choice ? renderOutput(choice, context, outcome) : [],
    ...(usage ? { usage } : {}),
    ...tierField(reply.servedTier),
  };
}

/** A provider's own id is kept where it is one of this API. */
export function responseId(id: string | undefined, context: ReplyContext): string {
  return id?.startsWith('resp_') ? id : `resp_${context.operation}`;
}

export function tierField(tier: string | undefined): JsonObject {
  return tier !== undefined && TIERS.has(tier) ? { service_tier: tier } : {};
}

export function outcomeOf(finish: FinishReason, refused: boolean): Outcome {
  if (finish === 'length') return { status: 'incomplete', reason: 'max_output_tokens' };
  if (finish === 'content_filter' || (finish === 'refusal' && !refused)) {
    return { status: 'incomplete', reason: 'content_filter' };
  }
  return { status: 'completed' };
}

export function outcomeFields(outcome: Outcome): JsonObject {
  return {
    status: outcome.status,
    incomplete_details: outcome.reason === undefined ? null : { reason: outcome.reason },
  };
}

/** The fields of a response that only repeat the request, as an open response has them. */
export function responseHead(request: ChatRequest, context: ReplyContext, id: string): JsonObject {
  return {
    id,
    object: 'response',
    created_at: context.created_s,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: request.maxOutputTokens ?? null,
    model: context.model,
    output: [],
    parallel_tool_calls: request.parallelToolCalls ?? true,
    previous_response_id: null,
    reasoning: {
      effort: request.reasoning?.effort ?? null,
      summary: request.reasoning?.summary === 'none' ? null : (request.reasoning?.summary ?? null),
    },
    store: false,
    temperature: request.temperature ?? 1,
    text: { format: renderFormat(request.responseFormat) },
    tool_choice: renderToolChoice(request.toolChoice),
    tools: (request.tools ?? []).map((tool) => ({
      type: 'function',
      name: tool.name,
      description: tool.description ?? null,
      parameters: tool.parameters ?? null,
      strict: tool.strict ?? null,
    })),
    top_p: request.topP ?? 1,
    truncation: 'disabled',
    metadata: request.metadata ?? {},
    ...(request.user === undefined ? {} : { user: request.user }),
  };
}

function renderFormat(format: ResponseFormat | undefined): JsonObject {
  if (format?.type !== 'json_schema') return { type: format?.type ?? 'text' };
  const out: JsonObject = { type: 'json_schema', name: format.name, schema: format.schema };
  if (format.description !== undefined) out.description = format.description;
  if (format.strict !== undefined) out.strict = format.strict;
  return out;
}

function renderToolChoice(choice: ToolChoice | undefined): string | JsonObject {
  if (choice === undefined) return 'auto';
  return typeof choice === 'string' ? choice : { type: 'function', name: choice.name };
}

/** Ids of items, made from the operation so that they are unique and stay the same from event to event. */
export function itemId(prefix: 'msg' | 'rs' | 'fc' | 'ig', context: ReplyContext, index: number): string {
  return `${prefix}_${context.operation}_${index}`;
}

function renderOutput(choice: Choice, context: ReplyContext, outcome: Outcome): JsonObject[] {
  const output: JsonObject[] = [];
  let message: JsonObject[] | undefined;
  let logprobs = itemLogprobs(choice.logprobs);
  for (const [position, part] of choice.content.entries()) {
    const status = position === choice.content.length - 1 ? outcome.status : 'completed';
    if (part.type === 'text' || part.type === 'refusal') {
      if (!message) {
        message = [];
        output.push(messageItem(itemId('msg', context, output.length), message, 'completed'));
      }
      message.push(part.type === 'text' ? textContent(part.text, logprobs) : refusalContent(part.text));
      if (part.type === 'text') logprobs = [];
      output.at(-1)!.status = status;
      continue;
    }
    const item = renderItem(part, output.length, context, status);
    if (!item) continue;
    message = undefined;
    output.push(item);
  }
  return output;
}

function renderItem(
  part: Part,
  index: number,
  context: ReplyContext,
  status: Outcome['status'],
): JsonObject | undefined {
  if (part.type === 'reasoning') return reasoningItem(part.id ?? itemId('rs', context, index), part);
  if (part.type === 'tool_call') return callItem(itemId('fc', context, index), part, status);
  return imageItem(itemId('ig', context, index), part);
}

/** Our codes in the words of ResponseErrorCode. */
export function responseError(error: AppError): JsonObject {
  const code =
    error.code === 'rate_limited'
      ? 'rate_limit_exceeded'
      : error.code === 'invalid_request' || error.code === 'context_too_long'
        ? 'invalid_prompt'
        : 'server_error';
  return { code, message: error.message };
}
