/** Which tool a text asks for: what `tools/` judges of it, similar examples, and what a trained model says. */

import { isObject } from '../schema/validate.ts';
import { embedOne, similarity } from '../text/embed.ts';
import { judgeTools } from '../tools/judge.ts';
import type { JsonObject, ReflexMessage, ReflexTool, ReflexToolCall } from '../types.ts';

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
  shots: readonly Shot[];
  now_ms: number;
  timeZone?: string;
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
export function indexTools(
  tools: readonly ReflexTool[],
  shots: readonly Shot[],
  now_ms: number,
  timeZone?: string,
): ToolIndex {
  return { tools, shots, now_ms, timeZone };
}

/** All tools, best first, with their scores; none is left out. `boost` adds what a trained model knows. */
export function rankTools(text: string, index: ToolIndex, boost?: (tool: string) => number): Choice[] {
  const vector = index.shots.length > 0 ? embedOne(text, DIMENSIONS) : undefined;
  const shotOf = (tool: ReflexTool) => vector && nearest(vector, tool.name, index.shots);
  return rankByWords(text, index, shotOf, boost).sort((a, b) => b.score - a.score);
}

type ShotOf = (tool: ReflexTool) => Choice['shot'];

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
  if (best.score < THRESHOLD) return undefined;
  // Two equal scores are a coin toss.
  best.confidence *= 1 - 0.5 * Math.min(1, second / best.score) ** 4;
  const silent = nearestSilent(text, index.shots);
  return silent > 0.85 && silent > (best.shot?.similarity ?? 0) ? undefined : best;
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
