/** Asks a Reflex model before a large one, and says what that saved. */
import { priceUsage } from '../billing/index.ts';
import { reflexOwner, reflexRegistryName } from '../contract/control/index.ts';
import type { AttemptRecord, CascadeRecord, CascadeSaving, PassReason } from '../contract/operation.ts';
import { type ChatRequest, estimateInput, estimateTokens, type Message } from '../providers/index.ts';
import { LIMITS, type ReflexReply, thresholdFor } from '../reflex/index.ts';
import { surfaceOf } from './attempt.ts';
import type { Admitted } from './call.ts';
import type { Cascade, Deployment } from './catalogue.ts';
import type { GatewayDependencies, Snapshot } from './dependencies.ts';
import { priceOf } from './prices.ts';
import { askReflex } from './reflex-local.ts';

/** Larger bodies go to the large model at once: Reflex decides on one utterance, and reading them holds up other calls. */
const MAX_BODY_BYTES = 128 * 1024;

/** Fields by which a call asks for what Reflex doesn't have. */
const BEYOND = [
  'audio',
  'container',
  'conversation',
  'mcp_servers',
  'modalities',
  'previous_response_id',
  'prompt',
  'tools',
  'web_search_options',
];

/** An answer of Reflex that is to be given. */
export interface ReflexAnswer {
  request: ChatRequest;
  reply: ReflexReply;
  /** When it was asked. */
  at_ms: number;
  began_ms: number;
}

export interface Consulted {
  deployment: Deployment;
  cascade: CascadeRecord;
  /** Set where Reflex answers the call. */
  answer?: ReflexAnswer;
  /** Set where it was asked and is not to answer. */
  attempt?: AttemptRecord;
  /** What the call is about, where a lesson could be drawn from it. */
  request?: ChatRequest;
}

/** Whether Reflex answers a call to a cascade. Never throws: what Reflex can't do, the large model is asked for. */
export async function consult(deps: GatewayDependencies, admitted: Admitted, cascade: Cascade): Promise<Consulted> {
  const model = reflexRegistryName(admitted.principal.project.id, cascade.reflex);
  const deployment: Deployment = { id: `reflex/${model}`, providerName: 'reflex', model, facts: {} };
  const trust = deps.reflex.trust(model);
  const request = trust || cascade.examplesPerDay !== undefined ? readable(admitted) : undefined;
  const pass = (reason: PassReason, threshold?: number): Consulted => ({
    deployment,
    request,
    cascade: { decision: 'passed', reason, threshold },
  });
  if (!trust) return pass('untrained');
  const threshold = cascade.threshold ?? thresholdFor(trust, cascade.precision)?.confidence;
  if (threshold === undefined) return pass('unreached');
  if (!request) return pass('beyond', threshold);

  const at_ms = deps.clock.now();
  const began_ms = deps.clock.mono();
  const reply = await within(deps.cascadeWait_ms, askReflex(deps.reflex, model, request, []));
  const reason = reasonToPass(reply, threshold);
  const confidence = typeof reply === 'string' ? undefined : reply.trust;
  if (reason === undefined) {
    return {
      deployment,
      request,
      cascade: { decision: 'reflex', confidence, threshold },
      answer: { request, reply: reply as ReflexReply, at_ms, began_ms },
    };
  }
  return {
    deployment,
    request,
    cascade: { decision: 'passed', reason, confidence, threshold },
    attempt: {
      index: 0,
      deployment: deployment.id,
      provider: deployment.providerName,
      model,
      status: 'passed',
      at_ms,
      total_ms: Math.round((deps.clock.mono() - began_ms) * 10) / 10,
      usage: {},
    },
  };
}

/** Models that are read before anybody asks; others are with their first call, which then goes to the large model. */
const WARMED = 8;

/** Reads the cascades' Reflex models and the tables that savings are counted with, so that the first calls don't wait for them. */
export async function warmCascades(
  { reflex }: Pick<GatewayDependencies, 'reflex'>,
  cascades: readonly { cascade: Cascade }[],
): Promise<void> {
  const wanted = new Set(cascades.map(({ cascade }) => cascade.reflex));
  const models = reflex.models().filter((model) => wanted.has(reflexOwner(model).name) && reflex.trust(model));
  for (const model of models.slice(0, WARMED)) await reflex.predict(model, [' ']).catch(() => []);
  if (wanted.size > 0) await estimateTokens(' ');
}

function reasonToPass(reply: ReflexReply | 'late' | 'failed', threshold: number): PassReason | undefined {
  if (typeof reply === 'string') return reply;
  if (reply.trust === undefined || reply.finish === 'length') return 'no_answer';
  return reply.trust < threshold ? 'unsure' : undefined;
}

/** One timer for each call: a model that is being read from the store, or a long queue, must not hold up what the large model could answer. */
async function within(wait_ms: number, asked: Promise<ReflexReply>): Promise<ReflexReply | 'late' | 'failed'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, wait_ms, 'late');
  });
  try {
    return await Promise.race([asked, late]);
  } catch {
    return 'failed';
  } finally {
    clearTimeout(timer);
    asked.catch(() => {});
  }
}

/** The call in the common language, where all that it says can be read by Reflex; undefined where it can't. */
function readable(admitted: Admitted): ChatRequest | undefined {
  const { call, body, envelope } = admitted;
  if (call.surface === 'embeddings' || call.body.length > MAX_BODY_BYTES || envelope.n > 1) return undefined;
  if (BEYOND.some((field) => isGiven(body[field]) && !(field === 'tools' && isPlainTools(body.tools))))
    return undefined;
  const bound = surfaceOf(admitted).inputBound(body, call.body.length);
  if (bound.images + bound.audios + bound.files > 0 || bound.unseen) return undefined;
  let request: ChatRequest;
  try {
    request = surfaceOf(admitted).parse(body);
  } catch {
    // The large model's own API may know what ours doesn't, or say better what is wrong.
    return undefined;
  }
  if (request.logprobs || !standsAlone(request.messages)) return undefined;
  return request;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

/** Tools that the provider runs itself (web search, code) have a type of their own. */
function isPlainTools(tools: unknown): boolean {
  return Array.isArray(tools) && tools.every((tool) => ['function', 'custom', undefined].includes(tool?.type));
}

/** The last message is the user's and no answer to a question: Reflex reads it alone. */
function standsAlone(messages: readonly Message[]): boolean {
  const last = messages.at(-1);
  if (last?.role !== 'user' || last.content.some((part) => part.type !== 'text') || textOf(last).trim() === '')
    return false;
  const before = messages.at(-2);
  return !(before?.role === 'assistant' && /[?？]\s*$/.test(textOf(before)));
}

export function textOf(message: Message): string {
  return message.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
}

/** The user's own words, as far as Reflex reads them. */
export function lastText(request: ChatRequest): string {
  return textOf(request.messages.at(-1)!).slice(0, LIMITS.featureChars);
}

/**
 * What the large model would have taken for the same answer: an estimate. Input is counted by the project's own estimate for that model,
 * output is what Reflex wrote; money is its cost price now less Reflex's own; time is its running latency less Reflex's.
 */
export async function savingOf(
  deps: GatewayDependencies,
  snapshot: Snapshot,
  answer: ReflexAnswer,
  own: { pico: bigint; currency: string } | undefined,
  large: Deployment | undefined,
): Promise<CascadeSaving> {
  const { request, reply } = answer;
  const took_ms = deps.clock.mono() - answer.began_ms;
  const model = large?.model ?? request.model;
  const calls = reply.toolCalls?.map((call) => `${call.name}${call.arguments}`).join('\n');
  const input = await estimateInput({ ...request, model });
  const output = await estimateTokens(calls ?? reply.json ?? reply.text ?? '', model);
  const saving: CascadeSaving = { tokens: input.tokens + output.tokens };
  if (!large) return saving;
  const price = priceOf(snapshot, 'cost', large, answer.at_ms);
  const cost = price && priceUsage(price, { input: input.tokens, output: output.tokens }, { at_ms: answer.at_ms });
  if (cost?.priced) {
    saving.cost_pico = cost.cost_pico - (own?.currency === cost.currency ? own.pico : 0n);
    saving.currency = cost.currency;
  }
  const usual_ms = deps.health.latency_ms(large.id);
  if (usual_ms !== undefined) saving.ms = Math.round(usual_ms - took_ms);
  return saving;
}

/** Headers that say which of a cascade's two models answers. */
export function cascadeHeaders(cascade: CascadeRecord | undefined): Record<string, string> {
  if (!cascade) return {};
  return {
    'x-tokenworks-route': cascade.decision === 'reflex' ? 'reflex' : 'model',
    ...(cascade.confidence !== undefined && { 'x-tokenworks-confidence': cascade.confidence.toFixed(3) }),
  };
}
