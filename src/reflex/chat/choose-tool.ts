/** Which tool a text asks for, by words: idf-weighted overlap with names, descriptions and parameters, and similar examples. */

import { isObject } from '../schema/validate.ts';
import { embedOne, similarity } from '../text/embed.ts';
import { isFunctionWord, meanings } from '../text/lexicon.ts';
import { addTerms, idfOf, type Terms } from '../text/terms.ts';
import { hasHan, splitIdentifier } from '../text/text.ts';
import { judgeTools } from '../tools/judge.ts';
import type { Json, JsonObject, ReflexMessage, ReflexTool, ReflexToolCall } from '../types.ts';

/** A user message and what the assistant did with it, from earlier in the conversation. */
export interface Shot {
  text: string;
  vector: Float32Array;
  calls: ReflexToolCall[];
  /** Arguments of each call, read. */
  values: JsonObject[];
  /** The assistant's text, where it made no call. */
  reply: string;
}

export interface ToolIndex {
  tools: readonly ReflexTool[];
  /** Made when first needed: only texts with Chinese in them are weighed by these. */
  words(): ToolWords;
  shots: readonly Shot[];
  now_ms: number;
  timeZone?: string;
}

export interface ToolWords {
  terms: Terms[];
  idf: (term: string) => number;
}

export interface Choice {
  tool: ReflexTool;
  score: number;
  /** 0 to 1. */
  confidence: number;
  /** The most similar example that called this tool. */
  shot?: { shot: Shot; similarity: number; call: number };
}

const DIMENSIONS = 512;
/** Below this, no tool is meant. */
const THRESHOLD = 1.2;
/** Chinese requests are short, so that one meaning is much; a tool that stands alone is meant from here on. */
const HAN_THRESHOLD = 0.6;
const HAN_LEAD = 0.4;
/** Verbs and nouns of nearly every tool: they tell little alone. */
const GENERIC = new Set([
  '#get',
  '#set',
  '#create',
  '#search',
  '#help',
  '#number',
  '#name',
  '#day',
  '#question',
  '#answer',
  '#person',
  '#user',
  '#product',
  '#on',
  '#off',
  '#status',
  '#second',
  '#minute',
  '#hour',
  '#text',
  '#message',
  '#all',
  '#city',
  '#up',
  '#yes',
  '#no',
  '#small',
  '#large',
]);

export function indexTools(
  tools: readonly ReflexTool[],
  shots: readonly Shot[],
  now_ms: number,
  timeZone?: string,
): ToolIndex {
  let words: ToolWords | undefined;
  return {
    tools,
    shots,
    now_ms,
    timeZone,
    words() {
      words ??= wordsOfTools(tools);
      return words;
    },
  };
}

function wordsOfTools(tools: readonly ReflexTool[]): ToolWords {
  const terms = tools.map((tool) => {
    const own: Terms = new Map();
    addTerms(own, splitIdentifier(tool.name).join(' '), 2);
    addTerms(own, (tool.description ?? '').slice(0, 2_000), 1);
    addParameters(own, tool.parameters, 0);
    return own;
  });
  return { terms, idf: idfOf(terms) };
}

function addParameters(terms: Terms, schema: Json | undefined, depth: number): void {
  if (depth > 3 || !isObject(schema) || !isObject(schema.properties)) return;
  for (const [name, part] of Object.entries(schema.properties).slice(0, 50)) {
    addTerms(terms, splitIdentifier(name).join(' '), 0.4);
    if (!isObject(part)) continue;
    if (typeof part.description === 'string') addTerms(terms, part.description.slice(0, 300), 0.3);
    for (const option of Array.isArray(part.enum) ? part.enum.slice(0, 50) : [])
      if (typeof option === 'string') addTerms(terms, option, isKnown(option) ? 0.6 : 2);
    addParameters(terms, part, depth + 1);
  }
}

/** An option that the lexicon knows (open, left, small) may belong to many tools; any other word is nearly a name of this one. */
function isKnown(option: string): boolean {
  return splitIdentifier(option).some(
    (part) => isFunctionWord(part) || meanings(part).length > 0 || /^\d+$/.test(part) || part.length < 2,
  );
}

/** All tools, best first, with their scores; none is left out. `boost` adds what a trained model knows. */
export function rankTools(text: string, index: ToolIndex, boost?: (tool: string) => number): Choice[] {
  const vector = index.shots.length > 0 ? embedOne(text, DIMENSIONS) : undefined;
  const shotOf = (tool: ReflexTool) => vector && nearest(vector, tool.name, index.shots);
  const ranked = hasHan(text) ? rankByTerms(text, index, shotOf, boost) : rankByWords(text, index, shotOf, boost);
  return ranked.sort((a, b) => b.score - a.score);
}

type ShotOf = (tool: ReflexTool) => Choice['shot'];

function rankByTerms(text: string, index: ToolIndex, shotOf: ShotOf, boost?: (tool: string) => number): Choice[] {
  const query: Terms = new Map();
  addTerms(query, text.slice(0, 4_000), 1);
  const { terms, idf } = index.words();
  return index.tools.map((tool, at) => {
    const shot = shotOf(tool);
    const score = overlap(query, terms[at]!, idf) + (shot ? 4 * shot.similarity ** 2 : 0) + (boost?.(tool.name) ?? 0);
    return { tool, score, confidence: score / (score + 1.5), shot };
  });
}

/** Scores are log odds, moved so that one threshold serves both ways of ranking. */
function rankByWords(text: string, index: ToolIndex, shotOf: ShotOf, boost?: (tool: string) => number): Choice[] {
  return judgeTools(text, index.tools, index.now_ms, index.timeZone).map((judged) => {
    const shot = shotOf(judged.tool);
    const odds = judged.odds + 2 * (shot ? 4 * shot.similarity ** 2 : 0) + 1.5 * (boost?.(judged.tool.name) ?? 0);
    return { tool: judged.tool, score: odds + THRESHOLD, confidence: 1 / (1 + Math.exp(-odds)), shot };
  });
}

/** The best tool, or undefined where none is meant. */
export function chooseTool(text: string, index: ToolIndex, boost?: (tool: string) => number): Choice | undefined {
  const ranked = rankTools(text, index, boost);
  const best = ranked[0];
  if (!best) return undefined;
  const second = Math.max(0, ranked[1]?.score ?? 0);
  const isAlone = hasHan(text) && best.score >= HAN_THRESHOLD && best.score - second >= HAN_LEAD;
  if (best.score < THRESHOLD && !isAlone) return undefined;
  // Two equal scores are a coin toss.
  best.confidence *= 1 - 0.5 * Math.min(1, second / best.score) ** 4;
  const silent = nearestSilent(text, index.shots);
  return silent > 0.85 && silent > (best.shot?.similarity ?? 0) ? undefined : best;
}

function overlap(query: Terms, terms: Terms, idf: (term: string) => number): number {
  let matched = 0;
  let matchedMass = 0;
  let mass = 0;
  const han = [...terms.keys()].some(isHanTerm);
  const latin = [...terms.keys()].some((term) => !term.startsWith('#') && !isHanTerm(term));
  for (const [term, weight] of query) {
    // Across languages only meanings can meet; the other terms say nothing against the tool.
    if (!term.startsWith('#') && !(isHanTerm(term) ? han : latin)) continue;
    const own = terms.get(term);
    const generic =
      GENERIC.has(term) ||
      (!term.startsWith('#') && meanings(term).length > 0 && meanings(term).every((meaning) => GENERIC.has(meaning)));
    const value = weight * (generic ? 0.2 : 1);
    mass += value;
    if (own === undefined) continue;
    matchedMass += value;
    matched += value * own * idf(term);
  }
  return mass === 0 ? 0 : matched * (0.5 + (0.5 * matchedMass) / mass);
}

function isHanTerm(term: string): boolean {
  return term.startsWith('~') || hasHan(term);
}

function nearest(vector: Float32Array, tool: string, shots: readonly Shot[]): Choice['shot'] {
  let best: Choice['shot'];
  for (const shot of shots) {
    const call = shot.calls.findIndex((one) => one.name === tool);
    if (call < 0) continue;
    const near = similarity(vector, shot.vector);
    if (near > (best?.similarity ?? 0.15)) best = { shot, similarity: near, call };
  }
  return best;
}

function nearestSilent(text: string, shots: readonly Shot[]): number {
  const silent = shots.filter((shot) => shot.calls.length === 0);
  if (silent.length === 0) return 0;
  const vector = embedOne(text, DIMENSIONS);
  return Math.max(...silent.map((shot) => similarity(vector, shot.vector)));
}

/** Pairs of a user message and the assistant's answer to it, the last message left out. At most 200, the latest. */
export function readShots(messages: readonly ReflexMessage[]): Shot[] {
  const shots: Shot[] = [];
  for (let index = messages.length - 2; index >= 0 && shots.length < 200; index--) {
    const message = messages[index]!;
    const answer = messages[index + 1]!;
    if (message.role !== 'user' || answer.role !== 'assistant') continue;
    const calls = answer.toolCalls ?? [];
    // A question of ours is no example of keeping still.
    if (calls.length === 0 && /[?？]\s*$/.test(answer.text)) continue;
    shots.push({
      text: message.text,
      vector: embedOne(message.text, DIMENSIONS),
      calls,
      values: calls.map((call) => readObject(call.arguments)),
      reply: answer.text,
    });
  }
  return shots;
}

export function readObject(json: string): JsonObject {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
