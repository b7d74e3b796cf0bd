/** A request in the common language as a Converse request (API reference "Converse"). */
import type { ApiTarget, BuiltRequest, ChatRequest, JsonObject, Tool } from '../../protocol.ts';
import { type ClaudeTraits, claudeTraits } from '../anthropic-messages/claude.ts';
import { buildConversation, checkToolName } from '../anthropic-messages/conversation.ts';
import { invalid } from '../anthropic-messages/fields.ts';
import { structuredSchema } from '../anthropic-messages/schema.ts';
import { planThinking, takenToolChoice } from '../anthropic-messages/thinking.ts';
import { cachePoint, converseBlocks, NAME_CHARS, withTextBesideDocuments } from './blocks.ts';

/** Fields of Converse's own that a caller may send along. */
const NATIVE_EXTRA = ['guardrailConfig', 'performanceConfig', 'requestMetadata', 'promptVariables'];
/** For planning thinking where no limit is known; Claude's own default on Bedrock. */
const DEFAULT_MAX_TOKENS = 4096;

type Family = 'claude' | 'nova' | 'gpt-oss' | 'other';

export function buildRequest(request: ChatRequest, target: ApiTarget): BuiltRequest {
  if (request.n > 1) throw invalid('n', 'Bedrock gives one choice per call; send n = 1, or call more than once.');
  const warnings = new Set<string>();
  const family = familyOf(target.model);
  const traits = claudeTraits(target.model);
  const format = converseBlocks();
  const conversation = buildConversation(request, format, warnings);
  const maxTokens = limitFor(request, target, warnings);

  const more: JsonObject = {};
  const thinks = addReasoning(more, request, family, traits, maxTokens, conversation.openToolCall, warnings);
  const body: JsonObject = {
    messages: conversation.messages.map(({ role, content }) => ({ role, content: withTextBesideDocuments(content) })),
  };
  if (conversation.system.length > 0) body.system = conversation.system;
  const inference = buildInference(request, maxTokens, family, traits, thinks, more, warnings);
  if (Object.keys(inference).length > 0) body.inferenceConfig = inference;
  addTools(body, request, conversation.calledTools, traits, warnings);
  addOutput(body, request, target, warnings);
  addRest(body, request, warnings);
  if (Object.keys(more).length > 0) body.additionalModelRequestFields = more;
  // Which stop sequence it was is told only where asked for, and only by Claude.
  if (family === 'claude' && inference.stopSequences) body.additionalModelResponseFieldPaths = ['/stop_sequence'];
  for (const name of target.quirks.refuses ?? []) {
    if (body[name] === undefined) continue;
    delete body[name];
    warnings.add(name);
  }
  return {
    path: `/model/${encodeURIComponent(target.model)}/${request.stream ? 'converse-stream' : 'converse'}`,
    headers: {
      'content-type': 'application/json',
      accept: request.stream ? 'application/vnd.amazon.eventstream' : 'application/json',
    },
    body,
    warnings: [...warnings],
  };
}

function familyOf(model: string): Family {
  if (/claude/i.test(model)) return 'claude';
  if (/\bnova\b/i.test(model)) return 'nova';
  return /gpt-oss/i.test(model) ? 'gpt-oss' : 'other';
}

/** Bedrock has a default of its own where no limit is set. */
function limitFor(request: ChatRequest, target: ApiTarget, warnings: Set<string>): number | undefined {
  const wish = request.maxOutputTokens;
  if (wish === undefined || target.maxOutput === undefined || wish <= target.maxOutput) return wish ?? target.maxOutput;
  warnings.add('max_tokens');
  return target.maxOutput;
}

/** Writes the wish into the model's own fields; true where the model will think, so that its sampling is fixed. */
function addReasoning(
  more: JsonObject,
  request: ChatRequest,
  family: Family,
  traits: ClaudeTraits,
  maxTokens: number | undefined,
  openToolCall: boolean,
  warnings: Set<string>,
): boolean {
  const reasoning = request.reasoning;
  if (family === 'claude') {
    const plan = planThinking(request, traits, maxTokens ?? DEFAULT_MAX_TOKENS, openToolCall, warnings);
    if (plan.thinking) more.thinking = plan.thinking;
    if (plan.effort !== undefined) more.output_config = { effort: plan.effort };
    return plan.thinks;
  }
  const effort = reasoning?.effort;
  const off = effort === 'none' || reasoning?.mode === 'disabled';
  if (!reasoning || (off && family === 'other')) return false;
  const low = effort === 'minimal' || effort === 'low';
  if (family === 'gpt-oss' && effort !== undefined && !off) {
    more.reasoning_effort = low ? 'low' : effort === 'medium' ? 'medium' : 'high';
    return false;
  }
  if (family === 'nova') {
    // The highest effort of Nova forbids a limit on output, which a budget needs; so it is left out.
    more.reasoningConfig = off ? { type: 'disabled' } : { type: 'enabled', maxReasoningEffort: low ? 'low' : 'medium' };
    if (!off && !low && effort !== undefined && effort !== 'medium') warnings.add('reasoning_effort');
    return false;
  }
  warnings.add('reasoning_effort');
  return false;
}

function buildInference(
  request: ChatRequest,
  maxTokens: number | undefined,
  family: Family,
  traits: ClaudeTraits,
  thinks: boolean,
  more: JsonObject,
  warnings: Set<string>,
): JsonObject {
  const inference: JsonObject = {};
  if (maxTokens !== undefined) inference.maxTokens = maxTokens;
  const claude = family === 'claude';
  const free = !claude || (traits.sampling && !thinks);
  const { temperature, topP, topK } = request;
  if (temperature !== undefined) {
    const clamped = Math.min(1, Math.max(0, temperature));
    if (free) inference.temperature = clamped;
    if (clamped !== temperature || (!free && temperature !== 1)) warnings.add('temperature');
  }
  if (topP !== undefined) {
    if (free && !(claude && traits.oneSampling && temperature !== undefined)) inference.topP = topP;
    else if (topP !== 1) warnings.add('top_p');
  }
  if (topK !== undefined) {
    if (claude && free) more.top_k = topK;
    else if (family === 'nova') more.inferenceConfig = { topK };
    else warnings.add('top_k');
  }
  const stop = request.stop?.filter((each) => each.trim() !== '') ?? [];
  if (stop.length > 0) inference.stopSequences = stop;
  if (stop.length < (request.stop?.length ?? 0)) warnings.add('stop');
  return inference;
}

// ---------------------------------------------------------------- tools, output, the rest

function addTools(
  body: JsonObject,
  request: ChatRequest,
  calledTools: Set<string>,
  traits: ClaudeTraits,
  warnings: Set<string>,
): void {
  const offered = request.tools ?? [];
  const choice = request.toolChoice;
  if (offered.length === 0 || choice === 'none') {
    // A conversation with calls in it has to say what they called. There is no way to forbid more calls.
    if (calledTools.size === 0) return;
    const names = [...calledTools];
    const known = names.map((name) => offered.find((tool) => tool.name === name) ?? { name });
    body.toolConfig = { tools: known.flatMap((tool, index) => buildTool(tool, `tools[${index}]`, warnings)) };
    if (choice === 'none') warnings.add('tool_choice');
    return;
  }
  const config: JsonObject = { tools: offered.flatMap((tool, index) => buildTool(tool, `tools[${index}]`, warnings)) };
  const taken = takenToolChoice(request, traits, warnings);
  if (taken === 'auto') config.toolChoice = { auto: {} };
  else if (taken === 'required') config.toolChoice = { any: {} };
  else if (typeof taken === 'object') config.toolChoice = { tool: { name: taken.name } };
  body.toolConfig = config;
  if (request.parallelToolCalls === false) warnings.add('parallel_tool_calls');
}

function buildTool(tool: Tool, path: string, warnings: Set<string>): JsonObject[] {
  checkToolName(tool.name, NAME_CHARS, `${path}.name`);
  let schema: JsonObject = { type: 'object', ...tool.parameters };
  const spec: JsonObject = { name: tool.name };
  if (tool.description) spec.description = tool.description;
  if (tool.strict) {
    const structured = structuredSchema(schema);
    schema = structured.schema;
    spec.strict = true;
    for (const keyword of structured.moved) warnings.add(`tools.parameters.${keyword}`);
  }
  spec.inputSchema = { json: schema };
  return [{ toolSpec: spec }, ...cachePoint(tool.cache)];
}

function addOutput(body: JsonObject, request: ChatRequest, target: ApiTarget, warnings: Set<string>): void {
  const format = request.responseFormat;
  if (format?.type === 'json_object') warnings.add('response_format');
  if (format?.type !== 'json_schema') return;
  if (target.quirks.jsonSchema === false) {
    throw invalid('response_format', "this model can't hold an answer to a JSON schema; choose another.");
  }
  const { schema, moved } = structuredSchema(format.schema);
  for (const keyword of moved) warnings.add(`response_format.schema.${keyword}`);
  const jsonSchema: JsonObject = { schema: JSON.stringify(schema), name: format.name };
  if (format.description) jsonSchema.description = format.description;
  body.outputConfig = { textFormat: { type: 'json_schema', structure: { jsonSchema } } };
}

function addRest(body: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  const tier = request.serviceTier;
  if (tier === 'default' || tier === 'priority' || tier === 'flex') body.serviceTier = { type: tier };
  else if (tier !== undefined && tier !== 'auto') warnings.add('service_tier');
  const dropped: [string, boolean][] = [
    ['seed', request.seed !== undefined],
    ['presence_penalty', Boolean(request.presencePenalty)],
    ['frequency_penalty', Boolean(request.frequencyPenalty)],
    ['logprobs', request.logprobs === true],
    ['top_logprobs', Boolean(request.topLogprobs)],
    ['user', request.user !== undefined],
    ['metadata', Object.keys(request.metadata ?? {}).length > 0],
  ];
  for (const [name, given] of dropped) if (given) warnings.add(name);
  for (const [name, value] of Object.entries(request.extra)) {
    if (NATIVE_EXTRA.includes(name)) body[name] = value;
    else warnings.add(name);
  }
}
