/** Many calls at once against a hard budget that covers a tenth of them. */
import type { MockUpstream, Truth } from './mock-upstream.ts';
import { scriptPrompt } from './mock-upstream.ts';

export interface BudgetRun {
  calls: number;
  /** Answers by status. */
  statuses: Record<string, number>;
  /** Refusals for want of budget that named no time to try again, while another call was still being served. */
  earlyRefusals: number;
  /** Calls at the upstream at once: at most, and in the last tenth of the run. */
  peak: number;
  peakNearEnd: number;
  output: number;
  /** Answers that ended at a length limit. */
  cut: number;
}

export interface BudgetCall {
  stream: boolean;
  /** The call's own limit; absent: it sets none. */
  max?: number;
  /** Tokens that the upstream wants to write. */
  output: number;
  delay_ms: number;
}

interface Answer {
  status: number;
  retryAfter: string | null;
  cut: boolean;
  at_ms: number;
}

/** Sends `calls` calls together, once each, and reads every answer to its end. */
export async function runAgainstBudget(
  url: string,
  secret: string,
  mock: MockUpstream,
  calls: number,
  call: BudgetCall,
): Promise<BudgetRun> {
  const body = JSON.stringify({
    model: 'mock/test-model',
    messages: [
      { role: 'user', content: scriptPrompt({ input: 10, output: call.output, chunks: 8, delay_ms: call.delay_ms }) },
    ],
    ...(call.stream ? { stream: true } : {}),
    ...(call.max === undefined ? {} : { max_completion_tokens: call.max }),
  });
  const ask = async (): Promise<Answer> => {
    const reply = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body,
    });
    const text = await reply.text();
    return {
      status: reply.status,
      retryAfter: reply.headers.get('retry-after'),
      cut: text.includes('"finish_reason":"length"'),
      at_ms: performance.now(),
    };
  };
  const answers = await Promise.all(Array.from({ length: calls }, ask));
  await mock.idle(30_000);
  return summary(answers, mock.truth());
}

function summary(answers: Answer[], truth: Truth): BudgetRun {
  const statuses: Record<string, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  // A call still at the upstream holds at least what any other would need, so a refusal for good before the last one's end is too early.
  // (The clients' own clock would not do: refusals and the last answer leave the gateway in the same moment.)
  const lastEnd = Math.max(0, ...truth.entries.map((entry) => entry.end_ms ?? 0));
  const early = answers.filter(
    (answer) => answer.status === 402 && answer.retryAfter === null && answer.at_ms < lastEnd,
  );
  return {
    calls: answers.length,
    statuses,
    earlyRefusals: early.length,
    peak: truth.counts.peakInflight,
    peakNearEnd: peakNearEnd(truth),
    output: truth.usage.output ?? 0,
    cut: answers.filter((answer) => answer.cut).length,
  };
}

/** Calls open at once at the upstream in the last tenth of the time from the first call's start to the last one's end. */
export function peakNearEnd(truth: Pick<Truth, 'entries'>): number {
  const spans = truth.entries.map((entry) => ({ start: entry.start_ms, end: entry.end_ms ?? entry.start_ms }));
  if (spans.length === 0) return 0;
  const first = Math.min(...spans.map((span) => span.start));
  const last = Math.max(...spans.map((span) => span.end));
  const from = last - (last - first) / 10;
  const late = spans.filter((span) => span.end >= from);
  // The most are open at the moment when one begins, or at the window's start.
  const moments = [from, ...late.map((span) => span.start).filter((start) => start > from)];
  return Math.max(...moments.map((at) => late.filter((span) => span.start <= at && span.end >= at).length));
}
