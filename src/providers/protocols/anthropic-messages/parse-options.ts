/** What a Messages request asks for beside its messages: sampling, tools, thinking, output. */
import type { CacheControl, ChatRequest, Json, JsonObject, Reasoning, Tool } from '../../protocol.ts';
import { arrayAt, booleanAt, countAt, invalid, numberAt, objectAt, optional, stringAt } from './fields.ts';

/** `translate`: what only Anthropic can do is refused. `count`: it is kept as text, for counting tokens. */
export type ParseMode = 'translate' | 'count';

export interface ParseContext {
  mode: ParseMode;
  extra: JsonObject;
  /** Tool names by call id, for APIs that name the function beside its result. */
  toolNames: Map<string, string>;
}

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

export function readSampling(body: JsonObject, request: ChatRequest): void {
  const temperature = optional(body.temperature, 'temperature', numberAt);
  if (temperature !== undefined) request.temperature = temperature;
  const topP = optional(body.top_p, 'top_p', numberAt);
  if (topP !== undefined) request.topP = topP;
  const topK = optional(body.top_k, 'top_k', countAt);
  if (topK !== undefined) request.topK = topK;
  const stop = optional(body.stop_sequences, 'stop_sequences', arrayAt);
  if (stop && stop.length > 0) request.stop = stop.map((each, index) => stringAt(each, `stop_sequences[${index}]`));
  const tier = optional(body.service_tier, 'service_tier', stringAt);
  if (tier !== undefined) request.serviceTier = tier === 'standard_only' ? 'default' : tier;
}

export function readTools(body: JsonObject, context: ParseContext, request: ChatRequest): void {
  const tools = optional(body.tools, 'tools', arrayAt);
  if (tools && tools.length > 0) {
    request.tools = tools.map((tool, index) => parseTool(tool, `tools[${index}]`, context));
  }
  const choice = optional(body.tool_choice, 'tool_choice', objectAt);
  if (!choice) return;
  switch (choice.type) {
    case 'auto':
    case 'none':
      request.toolChoice = choice.type;
      break;
    case 'any':
      request.toolChoice = 'required';
      break;
    case 'tool':
      request.toolChoice = { name: stringAt(choice.name, 'tool_choice.name') };
      break;
    default:
      throw invalid('tool_choice.type', 'must be "auto", "any", "tool" or "none".');
  }
  if (optional(choice.disable_parallel_tool_use, 'tool_choice.disable_parallel_tool_use', booleanAt)) {
    request.parallelToolCalls = false;
  }
}

/** Hints that change how a tool is offered, not what it is. */
const TOOL_HINTS = ['allowed_callers', 'defer_loading', 'eager_input_streaming', 'input_examples'];

function parseTool(value: Json, path: string, context: ParseContext): Tool {
  const tool = objectAt(value, path);
  if (tool.type !== undefined && tool.type !== null && tool.type !== 'custom') {
    const type = stringAt(tool.type, `${path}.type`);
    if (context.mode === 'count') return { name: type, description: JSON.stringify(tool) };
    throw invalid(
      `${path}.type`,
      `"${type}" is a tool of Anthropic's own; it only works with models that Anthropic serves.`,
    );
  }
  for (const hint of TOOL_HINTS) {
    if (tool[hint] !== undefined && tool[hint] !== null) context.extra[`tools.${hint}`] = tool[hint];
  }
  const parsed: Tool = { name: stringAt(tool.name, `${path}.name`) };
  const description = optional(tool.description, `${path}.description`, stringAt);
  if (description !== undefined) parsed.description = description;
  parsed.parameters = objectAt(tool.input_schema, `${path}.input_schema`);
  const strict = optional(tool.strict, `${path}.strict`, booleanAt);
  if (strict !== undefined) parsed.strict = strict;
  const cache = readCache(tool.cache_control, `${path}.cache_control`);
  if (cache) parsed.cache = cache;
  return parsed;
}

export function readReasoning(body: JsonObject, context: ParseContext, request: ChatRequest): void {
  const config = optional(body.output_config, 'output_config', objectAt);
  const format = optional(config?.format ?? body.output_format, 'output_config.format', objectAt);
  if (format) {
    if (format.type !== 'json_schema') throw invalid('output_config.format.type', 'must be "json_schema".');
    const schema = objectAt(format.schema, 'output_config.format.schema');
    request.responseFormat = { type: 'json_schema', name: 'response', schema, strict: true };
  }
  for (const [name, value] of Object.entries(config ?? {})) {
    if (name !== 'effort' && name !== 'format' && value !== null) context.extra[`output_config.${name}`] = value;
  }
  const reasoning = parseThinkingConfig(optional(body.thinking, 'thinking', objectAt), context);
  const effort = optional(config?.effort, 'output_config.effort', stringAt);
  if (effort !== undefined) {
    const known = EFFORTS.find((each) => each === effort);
    if (!known) throw invalid('output_config.effort', `must be one of ${EFFORTS.join(', ')}.`);
    if (reasoning.effort === 'none') context.extra['output_config.effort'] = effort;
    else reasoning.effort = known;
  }
  if (Object.keys(reasoning).length > 0) request.reasoning = reasoning;
}

function parseThinkingConfig(thinking: JsonObject | undefined, context: ParseContext): Reasoning {
  if (!thinking) return {};
  const reasoning: Reasoning = {};
  switch (thinking.type) {
    case 'enabled':
      reasoning.mode = 'enabled';
      reasoning.budgetTokens = countAt(thinking.budget_tokens, 'thinking.budget_tokens');
      break;
    case 'adaptive':
      reasoning.mode = 'auto';
      break;
    case 'between_tools':
      reasoning.mode = 'auto';
      context.extra['thinking.between_tools'] = true;
      break;
    case 'disabled':
      return { mode: 'disabled', effort: 'none' };
    default:
      throw invalid('thinking.type', 'must be "enabled", "adaptive", "between_tools" or "disabled".');
  }
  if (thinking.display === 'summarized') reasoning.summary = 'auto';
  else if (thinking.display === 'omitted') reasoning.summary = 'none';
  return reasoning;
}

export function readCache(value: Json | undefined, path: string): CacheControl | undefined {
  const control = optional(value, path, objectAt);
  if (!control) return undefined;
  const ttl = control.ttl ?? '5m';
  if (ttl !== '5m' && ttl !== '1h') throw invalid(`${path}.ttl`, 'must be "5m" or "1h".');
  return { ttl };
}
