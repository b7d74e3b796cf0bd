/** Stop reasons of the Messages API and ours. */
import type { FinishReason } from '../../protocol.ts';

const FROM_ANTHROPIC: Record<string, FinishReason> = {
  end_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  stop_sequence: 'stop_sequence',
  tool_use: 'tool_calls',
  pause_turn: 'pause',
  refusal: 'refusal',
};

const TO_ANTHROPIC: Record<FinishReason, string> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
  refusal: 'refusal',
  stop_sequence: 'stop_sequence',
  pause: 'pause_turn',
};

/** Reasons that are not in the reference yet count as a plain stop. */
export function finishFromStop(reason: string): FinishReason {
  return FROM_ANTHROPIC[reason] ?? 'stop';
}

/** Some providers say `stop` after a tool call; clients of this surface run tools only on `tool_use`. */
export function stopFromFinish(reason: FinishReason, hasToolCalls: boolean): string {
  return reason === 'stop' && hasToolCalls ? 'tool_use' : TO_ANTHROPIC[reason];
}
