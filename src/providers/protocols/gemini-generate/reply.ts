/** What Gemini answers: parts and reasons, shared by whole replies and streams. */
import { AppError } from '../../../base/errors.ts';
import { newId } from '../../../base/ids.ts';
import type { UsageReading } from '../../../contract/usage.ts';
import type { Choice, FinishReason, Json, JsonObject, Part, Reply } from '../../protocol.ts';
import { streamedGeminiError } from './errors.ts';
import { asObject, asObjects, asString } from './json.ts';
import { wrapSignature } from './signatures.ts';
import { readServedTier, readUsage } from './usage.ts';

/** The model failed after it had been paid for: `usage` says what it cost. */
export class FailedReplyError extends AppError {
  readonly usage: UsageReading | undefined;

  constructor(message: string, reason: string, usage: UsageReading | undefined) {
    super('upstream_error', message, { upstreamCode: reason });
    this.usage = usage;
  }
}

/** https://ai.google.dev/api/generate-content#FinishReason */
const FILTERED = new Set([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
]);
/** Not an answer at all: the model's output could not be used, and the same call may well succeed again. */
const FAILED = new Set([
  'MALFORMED_FUNCTION_CALL',
  'MALFORMED_RESPONSE',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MISSING_THOUGHT_SIGNATURE',
]);

/** Undefined while the candidate goes on, `failed` where the reason means that there is no answer. */
export function readFinish(candidate: JsonObject, calledTools: boolean): FinishReason | 'failed' | undefined {
  const reason = asString(candidate.finishReason);
  if (reason === undefined || reason === '' || reason === 'FINISH_REASON_UNSPECIFIED') return undefined;
  if (reason === 'STOP') return calledTools ? 'tool_calls' : 'stop';
  if (reason === 'MAX_TOKENS') return 'length';
  if (FILTERED.has(reason)) return 'content_filter';
  // OTHER, NO_IMAGE and reasons yet to come: it ended otherwise than by the model's own choice.
  return FAILED.has(reason) ? 'failed' : 'content_filter';
}

export function failedReply(candidate: JsonObject, usage: UsageReading | undefined): FailedReplyError {
  const reason = asString(candidate.finishReason) ?? 'OTHER';
  return new FailedReplyError(`The model gave no usable answer (${reason}); trying again may help.`, reason, usage);
}

/** Why the prompt was refused before any model saw it; undefined where it was not. */
export function readBlock(body: JsonObject): string | undefined {
  const reason = asString(asObject(body.promptFeedback)?.blockReason);
  return reason === 'BLOCK_REASON_UNSPECIFIED' ? undefined : reason;
}

export function blockText(reason: string): string {
  return `The provider blocked this prompt (${reason}).`;
}

/** Names calls that came without an id, the same way for the same reply, so that streams and retries of reading agree. */
export class CallIds {
  readonly #seed: string;
  #count = 0;

  constructor(responseId: string | undefined) {
    const safe = (responseId ?? '').replace(/[^A-Za-z0-9_-]/g, '').slice(0, 24);
    this.#seed = safe === '' ? newId('call') : `call_${safe}`;
  }

  name(stated: string | undefined): string {
    const number = this.#count++;
    return stated || `${this.#seed}_${number}`;
  }
}

/** One of Gemini's parts in our words; a signature that stands on text becomes a proof of its own behind it. */
export function readPart(part: JsonObject, ids: CallIds): Part[] {
  const signature = asString(part.thoughtSignature);
  const call = asObject(part.functionCall);
  if (call) return [readCall(call, signature, ids)];
  const media = readMedia(part);
  if (media) return signature === undefined ? [media] : [media, proof(signature)];
  const text = asString(part.text) ?? '';
  if (part.thought === true) {
    return [{ type: 'reasoning', text, ...(signature === undefined ? {} : { signature: wrapSignature(signature) }) }];
  }
  const parts: Part[] = text === '' ? [] : [{ type: 'text', text }];
  if (signature !== undefined) parts.push(proof(signature));
  return parts;
}

function readCall(call: JsonObject, signature: string | undefined, ids: CallIds): Part {
  return {
    type: 'tool_call',
    id: ids.name(asString(call.id)),
    name: asString(call.name) ?? '',
    arguments: JSON.stringify(call.args ?? {}),
    ...(signature === undefined ? {} : { signature }),
  };
}

function proof(signature: string): Part {
  return { type: 'reasoning', text: '', signature: wrapSignature(signature) };
}

function readMedia(part: JsonObject): Part | undefined {
  const inline = asObject(part.inlineData);
  if (!inline) return undefined;
  const mediaType = asString(inline.mimeType) ?? 'application/octet-stream';
  const source = { kind: 'base64' as const, mediaType, data: asString(inline.data) ?? '' };
  if (mediaType.startsWith('image/')) return { type: 'image', source };
  return mediaType.startsWith('audio/') ? { type: 'audio', source } : { type: 'file', source };
}

export function partsOf(candidate: JsonObject): JsonObject[] {
  return asObjects(asObject(candidate.content)?.parts);
}

/** `logprobsResult` in the shape of OpenAI's `logprobs.content`; undefined where it is not there. */
export function readLogprobs(candidate: JsonObject): Json | undefined {
  const result = asObject(candidate.logprobsResult);
  if (!result) return undefined;
  const tops = asObjects(result.topCandidates);
  const content = asObjects(result.chosenCandidates).map((chosen, index) => ({
    ...tokenLogprob(chosen),
    top_logprobs: asObjects(tops[index]?.candidates).map(tokenLogprob),
  }));
  return { content, refusal: null };
}

function tokenLogprob(entry: JsonObject): { [key: string]: Json } {
  const token = asString(entry.token) ?? '';
  return { token, logprob: entry.logProbability ?? 0, bytes: [...Buffer.from(token, 'utf8')] };
}

/** A whole reply. Throws AppError where the body is an error, holds no candidate, or the model failed (FailedReplyError). */
export function readReply(body: JsonObject): Reply {
  const error = asObject(body.error);
  if (error) throw streamedGeminiError(error);
  const usage = readUsage(body.usageMetadata);
  const servedTier = readServedTier(body.usageMetadata);
  return {
    ...named('id', asString(body.responseId)),
    ...named('model', asString(body.modelVersion)),
    choices: readChoices(body, usage),
    ...named('usage', usage),
    ...named('servedTier', servedTier),
  };
}

function readChoices(body: JsonObject, usage: UsageReading | undefined): Choice[] {
  const candidates = asObjects(body.candidates);
  if (candidates.length > 0) {
    const ids = new CallIds(asString(body.responseId));
    return candidates.map((candidate, index) => readChoice(candidate, index, ids, usage));
  }
  const block = readBlock(body);
  if (block === undefined)
    throw new FailedReplyError('The provider answered with no candidate.', 'NO_CANDIDATES', usage);
  return [{ index: 0, content: [{ type: 'refusal', text: blockText(block) }], finish: 'content_filter' }];
}

function readChoice(candidate: JsonObject, position: number, ids: CallIds, usage: UsageReading | undefined): Choice {
  const content = mergeParts(partsOf(candidate).flatMap((part) => readPart(part, ids)));
  const calledTools = content.some((part) => part.type === 'tool_call');
  const finish = readFinish(candidate, calledTools) ?? (calledTools ? 'tool_calls' : 'stop');
  if (finish === 'failed') throw failedReply(candidate, usage);
  const index = typeof candidate.index === 'number' ? candidate.index : position;
  return { index, content, finish, ...named('logprobs', readLogprobs(candidate)) };
}

/** Neighbouring pieces of text, and of unsigned reasoning, are one part; a proof closes the reasoning before it. */
function mergeParts(parts: Part[]): Part[] {
  const merged: Part[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (part.type === 'text' && last?.type === 'text') last.text += part.text;
    else if (part.type === 'reasoning' && last?.type === 'reasoning' && last.signature === undefined) {
      last.text += part.text;
      if (part.signature !== undefined) last.signature = part.signature;
    } else merged.push({ ...part });
  }
  return merged;
}

function named<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
