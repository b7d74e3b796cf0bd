import { hideCards, redact } from '../base/text.ts';
import type { OperationRecord } from '../contract/operation.ts';
import type { CapturedCall, Store } from '../store/index.ts';
import type { AttemptResult } from './attempt.ts';
import type { Admitted } from './call.ts';

const DAY_MS = 24 * 3600 * 1000;
const FLUSH_MS = 500;
const MAX_WAITING = 500;

export interface CapturePolicyOptions {
  /** Share of calls that are kept. */
  sample: number;
  days: number;
  max_kb: number;
}

export interface Captures {
  /** Keeps a call's prompt and reply, redacted, by the policy that was in force for it. */
  keep(admitted: Admitted, record: OperationRecord, result: AttemptResult): void;
  flush(): Promise<void>;
}

const clean = (text: string): string => hideCards(redact(text));

export function createCaptures(
  store: Pick<Store, 'captures'>,
  options: CapturePolicyOptions,
  log: (level: 'warn', message: string, detail?: Record<string, unknown>) => void,
): Captures {
  let waiting: CapturedCall[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const limit = options.max_kb * 1024;

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const calls = waiting;
    waiting = [];
    if (calls.length > 0) {
      writing = writing
        .then(() => store.captures.put(calls))
        .catch((error: unknown) => log('warn', 'captured calls could not be stored', { error: String(error) }));
    }
    return writing;
  }

  return {
    keep(admitted, record, result) {
      if (Math.random() >= options.sample || waiting.length >= MAX_WAITING) return;
      const reply = result.reply === undefined ? (result.text?.() ?? '') : Buffer.from(result.reply).toString('utf8');
      waiting.push({
        operation: record.id,
        at_ms: record.at_ms,
        project: record.project,
        user: record.user,
        request: clean(Buffer.from(admitted.call.body).toString('utf8').slice(0, limit)),
        reply: clean(reply.slice(0, limit)),
        expiresAt_ms: record.at_ms + options.days * DAY_MS,
      });
      timer ??= setTimeout(() => void flush(), FLUSH_MS);
    },
    flush,
  };
}
