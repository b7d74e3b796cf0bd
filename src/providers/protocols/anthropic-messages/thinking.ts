/** A wish for reasoning, in the form that a generation of Claude takes. */
import type { ChatRequest, JsonObject, Reasoning } from '../../protocol.ts';
import type { ClaudeTraits } from './claude.ts';

/** The least that `thinking.budget_tokens` may be. */
export const MIN_THINKING_TOKENS = 1024;

/** Budgets for models that know no effort. */
const BUDGETS: Record<Exclude<Reasoning['effort'], undefined | 'none'>, number> = {
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16384,
  xhigh: 24576,
  max: 32000,
};
const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;
type Effort = (typeof EFFORTS)[number];

export interface ThinkingPlan {
  thinking?: JsonObject;
  effort?: Effort;
  /** The model will think, so sampling is fixed and no tool can be forced. */
  thinks: boolean;
}

/**
 * `maxTokens`: the limit that is sent; a budget stays below it. `openToolCall`: the conversation goes on after a tool call whose
 * thinking is not there any more, which models with budgets refuse while thinking is on.
 */
export function planThinking(
  request: ChatRequest,
  traits: ClaudeTraits,
  maxTokens: number,
  openToolCall: boolean,
  warnings: Set<string>,
): ThinkingPlan {
  const reasoning = request.reasoning;
  if (!reasoning || Object.values(reasoning).every((value) => value === undefined))
    return { thinks: traits.off === 'never' };
  if (reasoning.effort === 'none' || reasoning.mode === 'disabled' || reasoning.budgetTokens === 0) {
    return planOff(traits, warnings);
  }
  if (traits.thinking === 'none') {
    warnings.add('reasoning_effort');
    return { thinks: false };
  }
  const effort = effortFor(reasoning, traits, warnings);
  const onlySummary =
    reasoning.effort === undefined && reasoning.budgetTokens === undefined && reasoning.mode === undefined;
  // The API refuses a forced tool while thinking is on; the tool was asked for more plainly.
  const forced = traits.forcedTools && isForced(request.toolChoice);
  if (forced || onlySummary) {
    if (forced) warnings.add('reasoning');
    return { effort, thinks: traits.off === 'never' };
  }
  const budgeted = traits.thinking === 'budget' || (traits.thinking === 'both' && isBudget(reasoning.budgetTokens));
  if (!budgeted) {
    if (isBudget(reasoning.budgetTokens) && reasoning.effort === undefined) warnings.add('reasoning.budget_tokens');
    return { thinking: withDisplay({ type: 'adaptive' }, reasoning), effort, thinks: true };
  }
  const budget = budgetFor(reasoning, request.maxOutputTokens !== undefined, maxTokens, warnings);
  if (budget === undefined || openToolCall) {
    warnings.add('reasoning_effort');
    return { effort, thinks: traits.off === 'never' };
  }
  return { thinking: withDisplay({ type: 'enabled', budget_tokens: budget }, reasoning), effort, thinks: true };
}

function planOff(traits: ClaudeTraits, warnings: Set<string>): ThinkingPlan {
  if (traits.off === 'never') {
    warnings.add('reasoning_effort');
    return { effort: traits.topEffort === undefined ? undefined : 'low', thinks: true };
  }
  return traits.thinking === 'none' ? { thinks: false } : { thinking: { type: traits.off }, thinks: false };
}

/** Whether the model is not free to answer without a tool. */
export function isForced(choice: ChatRequest['toolChoice']): boolean {
  return choice === 'required' || typeof choice === 'object';
}

/** The choice that the model takes: the newest can't be forced to call a tool, and are asked to decide themselves. */
export function takenToolChoice(
  request: ChatRequest,
  traits: ClaudeTraits,
  warnings: Set<string>,
): ChatRequest['toolChoice'] {
  if (traits.forcedTools || !isForced(request.toolChoice)) return request.toolChoice;
  warnings.add('tool_choice');
  return 'auto';
}

function isBudget(tokens: number | undefined): tokens is number {
  return tokens !== undefined && tokens > 0;
}

/** `undefined` where the limit leaves no room to think. */
function budgetFor(
  reasoning: Reasoning,
  limited: boolean,
  maxTokens: number,
  warnings: Set<string>,
): number | undefined {
  if (maxTokens <= MIN_THINKING_TOKENS) return undefined;
  if (isBudget(reasoning.budgetTokens)) {
    const budget = Math.min(Math.max(Math.floor(reasoning.budgetTokens), MIN_THINKING_TOKENS), maxTokens - 1);
    if (budget !== reasoning.budgetTokens) warnings.add('reasoning.budget_tokens');
    return budget;
  }
  const effort = reasoning.effort === undefined || reasoning.effort === 'none' ? 'medium' : reasoning.effort;
  // A fifth of the caller's own limit stays for the answer.
  const room = limited ? Math.floor(maxTokens * 0.8) : maxTokens - 1;
  return Math.min(maxTokens - 1, Math.max(MIN_THINKING_TOKENS, Math.min(BUDGETS[effort], room)));
}

function effortFor(reasoning: Reasoning, traits: ClaudeTraits, warnings: Set<string>): Effort | undefined {
  if (traits.topEffort === undefined) return undefined;
  let wish: Effort | undefined;
  if (reasoning.effort !== undefined && reasoning.effort !== 'none') {
    wish = reasoning.effort === 'minimal' ? 'low' : reasoning.effort;
  } else if (isBudget(reasoning.budgetTokens) && traits.thinking === 'adaptive') {
    wish = reasoning.budgetTokens <= 4096 ? 'low' : reasoning.budgetTokens <= 16384 ? 'medium' : 'high';
  }
  if (wish === undefined || EFFORTS.indexOf(wish) <= EFFORTS.indexOf(traits.topEffort)) return wish;
  warnings.add('reasoning_effort');
  return traits.topEffort;
}

function withDisplay(thinking: JsonObject, reasoning: Reasoning): JsonObject {
  if (reasoning.summary === undefined) return thinking;
  return { ...thinking, display: reasoning.summary === 'none' ? 'omitted' : 'summarized' };
}
