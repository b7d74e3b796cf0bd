/** A request in Gemini's words. https://ai.google.dev/api/generate-content */
import { AppError } from '../../../base/errors.ts';
import type { ApiTarget, BuiltRequest, ChatRequest, Json, JsonObject, Tool } from '../../protocol.ts';
import { buildContents } from './contents.ts';
import { buildThinking, isGemini3OrLater } from './thinking.ts';

export interface GeminiDialect {
  /** Vertex AI, whose models are the same and whose edges are not. */
  vertex: boolean;
}

/** Gemini's own limit. */
const MAX_STOP_SEQUENCES = 5;

/** Wishes that no warning makes up for: the answer would be to another question. */
const REFUSED_EXTRAS: Record<string, string> = {
  previous_response_id: 'send the whole conversation instead',
  conversation: 'send the whole conversation instead',
  web_search_options: 'Gemini is not asked to search; leave it out',
  audio: 'spoken answers are not available here',
};

/** Throws AppError `invalid_request` with the offending field as `param`. */
export function buildGemini(request: ChatRequest, target: ApiTarget, dialect: GeminiDialect): BuiltRequest {
  const warnings = new Set<string>();
  // As Google's own lists write it, or bare.
  const model = target.model.replace(/^models\//, '');
  const options = { vertex: dialect.vertex, strictSignatures: isGemini3OrLater(model) };
  const body: JsonObject = { ...buildContents(request, options, warnings) };
  addTools(body, request, warnings);
  const config = generationConfig(request, model, warnings);
  const headers: Record<string, string> = {};
  addServiceTier(body, headers, request, dialect, warnings);
  addExtras(body, config, request.extra, warnings);
  if (Object.keys(config).length > 0) body.generationConfig = config;
  if (request.user !== undefined) warnings.add('user');
  if (request.metadata !== undefined) warnings.add('metadata');
  if (request.parallelToolCalls === false && request.tools?.length) warnings.add('parallel_tool_calls');
  const verb = request.stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
  return { path: `/models/${encodeURIComponent(model)}:${verb}`, headers, body, warnings: [...warnings] };
}

function generationConfig(request: ChatRequest, model: string, warnings: Set<string>): JsonObject {
  const config: JsonObject = {};
  put(config, 'maxOutputTokens', request.maxOutputTokens);
  put(config, 'temperature', request.temperature);
  put(config, 'topP', request.topP);
  put(config, 'topK', request.topK);
  put(config, 'seed', request.seed);
  put(config, 'presencePenalty', request.presencePenalty);
  put(config, 'frequencyPenalty', request.frequencyPenalty);
  if (request.n > 1) config.candidateCount = request.n;
  if (request.stop?.length) config.stopSequences = stopSequences(request.stop);
  if (request.logprobs) {
    config.responseLogprobs = true;
    put(config, 'logprobs', request.topLogprobs || undefined);
  }
  addResponseFormat(config, request, warnings);
  const thinking = buildThinking(request.reasoning, model, warnings);
  if (thinking && Object.keys(thinking).length > 0) config.thinkingConfig = thinking;
  return config;
}

function stopSequences(stop: string[]): string[] {
  if (stop.length > MAX_STOP_SEQUENCES) {
    throw new AppError('invalid_request', `stop: Gemini takes at most ${MAX_STOP_SEQUENCES} stop sequences.`, {
      param: 'stop',
    });
  }
  return stop;
}

function addResponseFormat(config: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  const format = request.responseFormat;
  if (!format || format.type === 'text') return;
  config.responseMimeType = 'application/json';
  if (format.type !== 'json_schema') return;
  config.responseJsonSchema = format.schema;
  if (format.description !== undefined) warnings.add('response_format.description');
}

function addTools(body: JsonObject, request: ChatRequest, warnings: Set<string>): void {
  const { tools, toolChoice } = request;
  if (!tools?.length) return;
  if (tools.some((tool) => tool.cache)) warnings.add('cache_control');
  body.tools = [{ functionDeclarations: tools.map(declaration) }];
  const calling = callingConfig(toolChoice, tools);
  if (calling) body.toolConfig = { functionCallingConfig: calling };
}

function declaration(tool: Tool): JsonObject {
  return {
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    // The JSON Schema as it is; the older `parameters` takes only a part of OpenAPI's.
    ...(tool.parameters === undefined ? {} : { parametersJsonSchema: tool.parameters }),
  };
}

function callingConfig(choice: ChatRequest['toolChoice'], tools: Tool[]): JsonObject | undefined {
  if (choice === 'none') return { mode: 'NONE' };
  if (choice === 'required') return { mode: 'ANY' };
  if (typeof choice === 'object') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  // VALIDATED is AUTO whose calls are held to their schemas, which is what `strict` asks for.
  return tools.some((tool) => tool.strict) ? { mode: 'VALIDATED' } : undefined;
}

/** https://ai.google.dev/gemini-api/docs/priority-inference; on Vertex AI a header, https://cloud.google.com/vertex-ai/generative-ai/docs/flex-paygo */
function addServiceTier(
  body: JsonObject,
  headers: Record<string, string>,
  request: ChatRequest,
  dialect: GeminiDialect,
  warnings: Set<string>,
): void {
  const tier = request.serviceTier;
  if (tier === undefined || tier === 'auto' || tier === 'default' || tier === 'standard') return;
  if (tier !== 'flex' && tier !== 'priority') warnings.add('service_tier');
  else if (dialect.vertex) headers['x-vertex-ai-llm-shared-request-type'] = tier;
  else body.serviceTier = tier;
}

/** Fields of Gemini's own that OpenAI's clients send beside the known ones are carried over; the rest is named and left out. */
function addExtras(body: JsonObject, config: JsonObject, extra: JsonObject, warnings: Set<string>): void {
  for (const [name, value] of Object.entries(extra)) {
    const refusal = REFUSED_EXTRAS[name];
    if (refusal !== undefined)
      throw new AppError('invalid_request', `${name}: can't be carried over to Gemini; ${refusal}.`, { param: name });
    if (name === 'safety_settings' || name === 'safetySettings') body.safetySettings = value;
    else if (name === 'cached_content' || name === 'cachedContent') body.cachedContent = value;
    else if (name === 'modalities') addModalities(config, value);
    else warnings.add(name);
  }
}

function addModalities(config: JsonObject, value: Json): void {
  const wanted = Array.isArray(value) ? value : [];
  const unknown = wanted.find((entry) => entry !== 'text' && entry !== 'image');
  if (!Array.isArray(value) || unknown !== undefined) {
    throw new AppError('invalid_request', 'modalities: only "text" and "image" can be answered.', {
      param: 'modalities',
    });
  }
  if (wanted.includes('image')) config.responseModalities = wanted.map((entry) => String(entry).toUpperCase());
}

function put(into: JsonObject, name: string, value: Json | undefined): void {
  if (value !== undefined) into[name] = value;
}
