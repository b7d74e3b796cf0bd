/** Sends a case as a client would, and remembers what it was told. */
import type { Case } from './cases.ts';

export interface Answer {
  case: string;
  /** Absent: no head of an answer came. */
  status?: number;
  operation?: string;
  /** `x-tokenworks-cost`. */
  cost?: string;
  /** The client has the last byte of a good answer: from here on nothing of it may be lost. */
  acknowledged: boolean;
  aborted: boolean;
  problem?: string;
}

/** The connection was refused: the server is down, and the case was never sent. */
export class NotSent extends Error {}

const PATIENCE_MS = 30_000;

/** Throws NotSent; everything else is an answer. */
export async function send(url: string, secret: string, item: Case): Promise<Answer> {
  const abort = new AbortController();
  const answer: Answer = { case: item.name, acknowledged: false, aborted: false };
  const leave = (): void => {
    answer.aborted = true;
    abort.abort();
  };
  const patience = setTimeout(() => {
    answer.problem = `no end after ${PATIENCE_MS} ms`;
    abort.abort();
  }, PATIENCE_MS);
  const timer = item.abort && 'after_ms' in item.abort ? setTimeout(leave, item.abort.after_ms) : undefined;
  try {
    const reply = await fetch(url + item.path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        'x-tokenworks-tags': `case=${item.name},kind=${item.kind}`,
      },
      body: JSON.stringify(item.body),
      signal: abort.signal,
    });
    answer.status = reply.status;
    answer.operation = reply.headers.get('x-tokenworks-operation') ?? undefined;
    answer.cost = reply.headers.get('x-tokenworks-cost') ?? undefined;
    const text = await readAll(reply, item, leave);
    answer.acknowledged = !answer.aborted && reply.status === 200 && isWhole(text, item);
    if (!answer.acknowledged && !answer.aborted) answer.problem ??= text.slice(-300);
  } catch (error) {
    if (wasRefused(error)) throw new NotSent();
    answer.problem ??= String(error);
  } finally {
    clearTimeout(patience);
    clearTimeout(timer);
  }
  return answer;
}

async function readAll(reply: Response, item: Case, leave: () => void): Promise<string> {
  if (!reply.body) return '';
  const reader = reply.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let reads = 1; ; reads++) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
    if (item.abort && 'afterReads' in item.abort && reads >= item.abort.afterReads) {
      leave();
      return text;
    }
  }
}

/** Each surface's own sign that nothing is missing. */
function isWhole(text: string, item: Case): boolean {
  if (!item.stream) return parses(text);
  switch (item.surface) {
    case 'messages':
      return text.includes('"type":"message_stop"');
    case 'responses':
    case 'ark-responses':
      return /"type":"response\.(completed|incomplete)"/.test(text);
    default:
      return text.endsWith('data: [DONE]\n\n');
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function wasRefused(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return cause?.code === 'ECONNREFUSED';
}
