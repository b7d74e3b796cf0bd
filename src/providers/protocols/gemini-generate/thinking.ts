/**
 * A wish for reasoning in Gemini's words. Gemini 3 and later take a level, 2.5 takes a budget in tokens, older ones don't think.
 * https://ai.google.dev/gemini-api/docs/thinking
 */
import type { JsonObject, Reasoning } from '../../protocol.ts';

type Effort = Exclude<Reasoning['effort'], undefined | 'none'>;

const LEVELS: Record<Effort, string> = {
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
  max: 'HIGH',
};
/** The figures of Google's own OpenAI-compatible endpoint; `max` is cut to what the model can. */
const BUDGETS: Record<Effort, number> = {
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 24_576,
  max: 32_768,
};

/** Major and minor version in a model's name; Gemini's names without one (`gemini-flash-latest`) are of the newest, others of none. */
function versionOf(model: string): number {
  const match = /gemini-(\d+(?:\.\d+)?)/.exec(model);
  if (match) return Number(match[1]);
  return model.includes('gemini') ? Number.POSITIVE_INFINITY : 0;
}

export function isGemini3OrLater(model: string): boolean {
  return versionOf(model) >= 3;
}

/** `thinkingConfig`, or undefined where nothing is to be said. Adds `reasoning` to `warnings` where the wish can't be met. */
export function buildThinking(
  wish: Reasoning | undefined,
  model: string,
  warnings: Set<string>,
): JsonObject | undefined {
  if (!wish) return undefined;
  const off = wish.effort === 'none' || (wish.mode === 'disabled' && wish.effort === undefined);
  if (versionOf(model) < 2.5) {
    if (!off) warnings.add('reasoning');
    return undefined;
  }
  const config = isGemini3OrLater(model) ? byLevel(wish, off, model, warnings) : byBudget(wish, off, model, warnings);
  if (!off && wish.summary !== 'none') config.includeThoughts = true;
  return config;
}

function byLevel(wish: Reasoning, off: boolean, model: string, warnings: Set<string>): JsonObject {
  const lowest = /pro/.test(model) ? 'LOW' : 'MINIMAL';
  if (off) {
    // These models always think; the lowest level is as near as one gets.
    warnings.add('reasoning.effort=none');
    return { thinkingLevel: lowest };
  }
  // Level and budget together are an error; the budget is the more exact word.
  if (wish.budgetTokens !== undefined) return { thinkingBudget: wish.budgetTokens };
  if (wish.effort === undefined || wish.effort === 'none') return {};
  const level = LEVELS[wish.effort];
  return { thinkingLevel: level === 'MINIMAL' ? lowest : level };
}

function byBudget(wish: Reasoning, off: boolean, model: string, warnings: Set<string>): JsonObject {
  const limits = budgetLimits(model);
  if (off) {
    if (limits.canBeOff) return { thinkingBudget: 0 };
    warnings.add('reasoning.effort=none');
    return { thinkingBudget: limits.least };
  }
  const wanted = wish.budgetTokens ?? (wish.effort && wish.effort !== 'none' ? BUDGETS[wish.effort] : undefined);
  // −1 leaves it to the model.
  if (wanted === undefined) return wish.mode === 'auto' ? { thinkingBudget: -1 } : {};
  return { thinkingBudget: Math.min(limits.most, Math.max(limits.least, wanted)) };
}

function budgetLimits(model: string): { least: number; most: number; canBeOff: boolean } {
  if (/pro/.test(model)) return { least: 128, most: 32_768, canBeOff: false };
  return { least: /lite/.test(model) ? 512 : 1, most: 24_576, canBeOff: true };
}
