/** A request in the common language as an Anthropic request. */
import type { ApiTarget, BuiltRequest, ChatRequest, JsonObject, Tool } from '../../protocol.ts';
import { anthropicBlocks, TOOL_NAME_CHARS, withCache } from './blocks.ts';
import { type ClaudeTraits, claudeTraits } from './claude.ts';
import { buildConversation, type Conversation, checkToolName } from './conversation.ts';
import { invalid, isObject } from './fields.ts';
import { MESSAGES_PATH } from './passthrough.ts';
import { structuredSchema } from './schema.ts';
import { planThinking, type ThinkingPlan, takenToolChoice } from './thinking.ts';

export const ANTHROPIC_VERSION = '2023-06-01';
/** Where neither the request nor the model's data set a limit. The API requires one. */
const DEFAULT_MAX_TOKENS = 4096;
/** Fields of Anthropic's own that a caller of another surface may send along. */
const NATIVE_EXTRA = ['cache_control', 'inference_geo', 'speed', 'context_management', 'diagnostics'];
const MAX_USER_CHARS = 256;

export function buildRequest(request: ChatRequest, target: ApiTarget): BuiltRequest {
  const warnings = new Set<string>();
  if (request.n > 1) throw invalid('n', 'Anthropic gives one choice per call; send n = 1, or call more than once.');
  const traits = claudeTraits(target.model);
  const maxTokens = limitFor(request, target, warnings);
  const conversation = buildConversation(request, anthropicBlocks, warnings);
  const plan = planThinking(request, traits, maxTokens, conversation.openToolCall, warnings);

  const body: JsonObject = { model: target.model, max_tokens: maxTokens };
  if (conversation.system.length > 0) body.system = conversation.system;
  body.messages = trimPrefill(conversation.messages);
  addTools(body, request, conversation.calledTools, traits, warnings);
  addOutput(body, request, plan, target, warnings);
  addSampling(body, request, traits, plan, warnings);
  addAccount(body, request, warnings);
  for (const [name, value] of Object.entries(request.extra)) {
    if (NATIVE_EXTRA.includes(name)) body[name] = value;
    else warnings.add(name);
  }
  for (const name of target.quirks.refuses ?? []) {
    if (body[name] === undefined) continue;
    delete body[name];
    warnings.add(name);
  }
  if (request.stream) body.stream = true;
  return {
    path: MESSAGES_PATH,
    headers: { 'content-type': 'application/json', 'anthropic-version': ANTHROPIC_VERSION },
    body,
    warnings: [...warnings],
  };
}

/** White space at the end of a message that the model shall continue is refused. */
function trimPrefill(messages: Conversation['messages']): JsonObject[] {
  const last = messages.at(-1)!;
  const block = last.content.at(-1)!;
  if (last.role === 'assistant' && block.type === 'text') block.text = String(block.text).trimEnd();
  return messages;
}

function limitFor(request: ChatRequest, target: ApiTarget, warnings: Set<string>): number {
  const wish = request.maxOutputTokens;
  if (wish === undefined) return target.maxOutput ?? DEFAULT_MAX_TOKENS;
  if (target.maxOutput === undefined || wish <= target.maxOutput) return wish;
  // The API refuses a limit above the model's own; the answer can't be longer than that anyway.
  warnings.add('max_tokens');
  return target.maxOutput;
}

// ---------------------------------------------------------------- tools

function addTools(
  body: JsonObject,
  request: ChatRequest,
  calledTools: Set<string>,
  traits: ClaudeTraits,
  warnings: Set<string>,
): void {
  const tools = request.tools ?? [];
  if (tools.length === 0) {
    // A conversation with calls in it has to say what they called, also where no more calls are wanted.
    if (calledTools.size > 0) {
      body.tools = [...calledTools].map((name) => ({ name, input_schema: { type: 'object' } }));
      body.tool_choice = { type: 'none' };
    }
    return;
  }
  body.tools = tools.map((tool, index) => buildTool(tool, `tools[${index}]`, traits, warnings));
  const choice = buildToolChoice(takenToolChoice(request, traits, warnings), request.parallelToolCalls);
  if (choice) body.tool_choice = choice;
}

function buildTool(tool: Tool, path: string, traits: ClaudeTraits, warnings: Set<string>): JsonObject {
  checkToolName(tool.name, TOOL_NAME_CHARS, `${path}.name`);
  const block: JsonObject = { name: tool.name };
  if (tool.description) block.description = tool.description;
  const parameters: JsonObject = { type: 'object', ...tool.parameters };
  block.input_schema = parameters;
  if (tool.strict && !traits.structured) warnings.add('tools.strict');
  else if (tool.strict) {
    const { schema, moved } = structuredSchema(parameters);
    block.input_schema = schema;
    block.strict = true;
    for (const keyword of moved) warnings.add(`tools.parameters.${keyword}`);
  }
  return withCache(block, tool.cache);
}

function buildToolChoice(choice: ChatRequest['toolChoice'], parallel: boolean | undefined): JsonObject | undefined {
  if (choice === 'none') return { type: 'none' };
  let built: JsonObject | undefined;
  if (choice === 'required') built = { type: 'any' };
  else if (typeof choice === 'object') built = { type: 'tool', name: choice.name };
  else if (choice === 'auto' || parallel === false) built = { type: 'auto' };
  if (built && parallel === false) built.disable_parallel_tool_use = true;
  return built;
}

// ---------------------------------------------------------------- output, sampling, account

function addOutput(
  body: JsonObject,
  request: ChatRequest,
  plan: ThinkingPlan,
  target: ApiTarget,
  warnings: Set<string>,
): void {
  if (plan.thinking) body.thinking = plan.thinking;
  const config: JsonObject = {};
  if (plan.effort !== undefined) config.effort = plan.effort;
  const format = request.responseFormat;
  // Anthropic has no mode for "some JSON"; such requests ask for it in words as well.
  if (format?.type === 'json_object') warnings.add('response_format');
  if (format?.type === 'json_schema') {
    if (target.quirks.jsonSchema === false) {
      throw invalid('response_format', "this provider can't hold an answer to a JSON schema; choose another model.");
    }
    const { schema, moved } = structuredSchema(format.schema);
    config.format = { type: 'json_schema', schema };
    for (const keyword of moved) warnings.add(`response_format.schema.${keyword}`);
  }
  if (Object.keys(config).length > 0) body.output_config = config;
}

function addSampling(
  body: JsonObject,
  request: ChatRequest,
  traits: ClaudeTraits,
  plan: ThinkingPlan,
  warnings: Set<string>,
): void {
  const free = traits.sampling && !plan.thinks;
  const { temperature, topP, topK } = request;
  if (temperature !== undefined) {
    const clamped = Math.min(1, Math.max(0, temperature));
    // 1 is what the model uses by itself, so leaving it out changes nothing.
    if (free) body.temperature = clamped;
    if (clamped !== temperature || (!free && temperature !== 1)) warnings.add('temperature');
  }
  if (topP !== undefined) {
    const taken = free && !(traits.oneSampling && temperature !== undefined);
    if (taken) body.top_p = topP;
    else if (topP !== 1) warnings.add('top_p');
  }
  if (topK !== undefined) {
    if (free) body.top_k = topK;
    else warnings.add('top_k');
  }
  const stop = request.stop?.filter((each) => each.trim() !== '') ?? [];
  if (stop.length > 0) body.stop_sequences = stop;
  if (stop.length < (request.stop?.length ?? 0)) warnings.add('stop');
  if (request.seed !== undefined) warnings.add('seed');
  if (request.presencePenalty) warnings.add('presence_penalty');
  if (request.frequencyPenalty) warnings.add('frequency_penalty');
  if (request.logprobs) warnings.add('logprobs');
  if (request.topLogprobs) warnings.add('top_logprobs');
}

function addAccount(body: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  if (request.user !== undefined) {
    if (request.user.length <= MAX_USER_CHARS) body.metadata = { user_id: request.user };
    else warnings.add('user');
  }
  if (isObject(request.metadata) && Object.keys(request.metadata).length > 0) warnings.add('metadata');
  const tier = request.serviceTier;
  if (tier === undefined || tier === 'auto') return;
  if (tier === 'default' || tier === 'standard_only') body.service_tier = 'standard_only';
  else if (tier === 'priority') body.service_tier = 'auto';
  else warnings.add('service_tier');
}
