/** A request of the common language, written as a chat completions body for one provider. */
import type {
  ApiTarget,
  BuiltRequest,
  ChatRequest,
  JsonObject,
  Reasoning,
  ResponseFormat,
  Tool,
} from '../../protocol.ts';
import { buildMessages } from './build-messages.ts';
import { invalid, isObject } from './fields.ts';

export const CHAT_PATH = '/chat/completions';

/**
 * Fields that are carried over by name: OpenAI's own, and those of providers that imitate it. Others (of other surfaces) would be refused
 * by strict providers and are listed as warnings.
 */
const CARRIED: ReadonlySet<string> = new Set([
  // OpenAI
  'audio',
  'logit_bias',
  'modalities',
  'moderation',
  'prediction',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'store',
  'verbosity',
  'web_search_options',
  // vLLM, SGLang
  'best_of',
  'chat_template_kwargs',
  'guided_choice',
  'guided_grammar',
  'guided_json',
  'guided_regex',
  'ignore_eos',
  'length_penalty',
  'min_p',
  'min_tokens',
  'repetition_penalty',
  'skip_special_tokens',
  'stop_token_ids',
  'structured_outputs',
  // OpenRouter
  'models',
  'plugins',
  'provider',
  'route',
  'top_a',
  'transforms',
  // DashScope, Zhipu, xAI, Mistral
  'do_sample',
  'enable_search',
  'search_options',
  'search_parameters',
  'safe_prompt',
  'tool_stream',
  'translation_options',
  'vl_high_resolution_images',
]);

export function buildChatRequest(request: ChatRequest, target: ApiTarget): BuiltRequest {
  const warnings = new Set<string>();
  const { quirks } = target;
  if (request.n > 1 && quirks.manyChoices === false) {
    throw invalid('n', 'this model gives one choice per call; send n as 1 or leave it out.');
  }
  const body: JsonObject = { model: target.model, messages: buildMessages(request, target, warnings) };
  setSampling(body, request, target, warnings);
  setTools(body, request, warnings);
  const format = request.responseFormat && buildFormat(request.responseFormat, target, warnings);
  if (format) body.response_format = format;
  if (request.reasoning) Object.assign(body, buildReasoning(request.reasoning, target, warnings));
  carryExtra(body, request, warnings);
  setStream(body, request, target, warnings);
  for (const field of quirks.refuses ?? []) {
    if (!(field in body) || field === 'model' || field === 'messages') continue;
    delete body[field];
    warnings.add(field);
  }
  return { path: CHAT_PATH, headers: {}, body, warnings: [...warnings] };
}

function setSampling(body: JsonObject, request: ChatRequest, target: ApiTarget, warnings: Set<string>): void {
  if (request.maxOutputTokens !== undefined) {
    body[target.quirks.limitField ?? 'max_completion_tokens'] = request.maxOutputTokens;
  }
  if (request.n > 1) body.n = request.n;
  put(body, 'temperature', request.temperature);
  put(body, 'top_p', request.topP);
  put(body, 'stop', request.stop);
  put(body, 'seed', request.seed);
  put(body, 'presence_penalty', request.presencePenalty);
  put(body, 'frequency_penalty', request.frequencyPenalty);
  put(body, 'logprobs', request.logprobs);
  put(body, 'top_logprobs', request.topLogprobs);
  put(body, 'user', request.user);
  put(body, 'service_tier', request.serviceTier);
  put(body, 'metadata', request.metadata);
  // No field of this API; OpenAI refuses it.
  if (request.topK !== undefined) warnings.add('top_k');
}

function put(body: JsonObject, key: string, value: JsonObject[string] | undefined): void {
  if (value !== undefined) body[key] = value;
}

function setTools(body: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  // Without tools the fields about them are refused.
  if (!request.tools || request.tools.length === 0) return;
  if (request.tools.some((tool) => tool.cache)) warnings.add('cache_control');
  body.tools = request.tools.map(buildTool);
  put(body, 'parallel_tool_calls', request.parallelToolCalls);
  const choice = request.toolChoice;
  if (choice === undefined) return;
  body.tool_choice = typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };
}

function buildTool(tool: Tool): JsonObject {
  const fn: JsonObject = { name: tool.name };
  put(fn, 'description', tool.description);
  put(fn, 'parameters', tool.parameters);
  put(fn, 'strict', tool.strict);
  return { type: 'function', function: fn };
}

function buildFormat(format: ResponseFormat, target: ApiTarget, warnings: Set<string>): JsonObject | undefined {
  if (format.type === 'text') return undefined;
  if (format.type === 'json_object') return { type: 'json_object' };
  if (target.quirks.jsonSchema === false) {
    warnings.add('response_format.json_schema');
    return { type: 'json_object' };
  }
  const schema: JsonObject = { name: format.name, schema: format.schema };
  put(schema, 'description', format.description);
  put(schema, 'strict', format.strict);
  return { type: 'json_schema', json_schema: schema };
}

/** Budgets at which a wish in tokens becomes one of OpenAI's levels. */
const LOW_BUDGET_TOKENS = 4_096;
const MEDIUM_BUDGET_TOKENS = 16_384;

function buildReasoning(wish: Reasoning, target: ApiTarget, warnings: Set<string>): JsonObject {
  const off = wish.mode === 'disabled' || wish.effort === 'none' || wish.budgetTokens === 0;
  if (wish.summary !== undefined && wish.summary !== 'none') warnings.add('reasoning.summary');
  if (!off && wish.mode === undefined && wish.effort === undefined && !wish.budgetTokens) return {};
  switch (target.quirks.reasoningParam ?? 'reasoning_effort') {
    case 'reasoning_effort':
      return effortOnly(wish, off, warnings);
    case 'thinking':
      if (wish.effort !== undefined && !off) warnings.add('reasoning_effort');
      if (wish.budgetTokens) warnings.add('thinking.budget_tokens');
      return { thinking: { type: off ? 'disabled' : wish.mode === 'auto' ? 'auto' : 'enabled' } };
    case 'enable_thinking': {
      if (wish.effort !== undefined && !off) warnings.add('reasoning_effort');
      const out: JsonObject = { enable_thinking: !off };
      if (wish.budgetTokens && !off) out.thinking_budget = wish.budgetTokens;
      return out;
    }
    case 'reasoning':
      return { reasoning: openrouterReasoning(wish, off) };
    default:
      warnings.add('reasoning');
      return {};
  }
}

function effortOnly(wish: Reasoning, off: boolean, warnings: Set<string>): JsonObject {
  if (off) return { reasoning_effort: 'none' };
  if (wish.effort !== undefined) return { reasoning_effort: wish.effort };
  if (!wish.budgetTokens) return {};
  warnings.add('thinking.budget_tokens');
  if (wish.budgetTokens <= LOW_BUDGET_TOKENS) return { reasoning_effort: 'low' };
  return { reasoning_effort: wish.budgetTokens <= MEDIUM_BUDGET_TOKENS ? 'medium' : 'high' };
}

function openrouterReasoning(wish: Reasoning, off: boolean): JsonObject {
  if (off) return { enabled: false };
  const out: JsonObject = {};
  // The two exclude each other there.
  if (wish.budgetTokens !== undefined) out.max_tokens = wish.budgetTokens;
  else if (wish.effort !== undefined) out.effort = wish.effort;
  else out.enabled = true;
  if (wish.summary === 'none') out.exclude = true;
  return out;
}

function carryExtra(body: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  for (const key of Object.keys(request.extra)) {
    // Merged with our own in setStream.
    if (key === 'stream_options') continue;
    if (CARRIED.has(key)) body[key] = request.extra[key]!;
    else warnings.add(key);
  }
}

function setStream(body: JsonObject, request: ChatRequest, target: ApiTarget, warnings: Set<string>): void {
  const options = request.extra.stream_options;
  if (!request.stream) return;
  body.stream = true;
  if (target.quirks.streamOptions === false) {
    if (isObject(options)) warnings.add('stream_options');
    return;
  }
  // Usage is asked for even where the caller did not: it is what the call is charged by.
  body.stream_options = { ...(isObject(options) ? options : {}), include_usage: true };
}
