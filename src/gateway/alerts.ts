import type { Clock } from '../base/clock.ts';
import { formatDecimal } from '../base/money.ts';
import { crossed } from '../billing/index.ts';
import type { OperationRecord } from '../contract/operation.ts';
import type { AlertRecord } from '../contract/records.ts';
import type { Egress } from '../egress/index.ts';
import type { Store } from '../store/index.ts';
import type { Booked } from './funds.ts';

const WEBHOOK_TIMEOUT_MS = 10_000;
const TRIES = 3;
const BETWEEN_TRIES_MS = 2000;
/** Alerts that wait at most; a flood of them tells nothing more. */
const MAX_WAITING = 1000;

export interface Alerts {
  booked(organisation: string, record: OperationRecord, booked: readonly Booked[]): void;
  unreconciled(organisation: string, record: OperationRecord): void;
  /** Waits until everything raised so far is stored and sent, or given up. */
  settled(): Promise<void>;
}

export interface AlertsDependencies {
  store: Pick<Store, 'alerts'>;
  egress: Pick<Egress, 'fetch'>;
  clock: Clock;
  log(level: 'warn', message: string, detail?: Record<string, unknown>): void;
}

/** Raises alerts off the request's path: each is stored once (its id says what it is about), then sent to its webhook. */
export function createAlerts(deps: AlertsDependencies): Alerts {
  let tail: Promise<void> = Promise.resolve();
  let waiting = 0;

  function raise(alert: AlertRecord, webhook?: string): void {
    if (waiting >= MAX_WAITING) return;
    waiting++;
    tail = tail
      .then(async () => {
        const isNew = await deps.store.alerts.append(alert);
        if (isNew && webhook) await deliver(alert, webhook);
      })
      .catch((error: unknown) =>
        deps.log('warn', 'an alert could not be stored', { alert: alert.id, error: String(error) }),
      )
      .finally(() => {
        waiting--;
      });
  }

  async function deliver(alert: AlertRecord, webhook: string): Promise<void> {
    const body = JSON.stringify({
      id: alert.id,
      at: new Date(alert.at_ms).toISOString(),
      kind: alert.kind,
      subject: alert.subject,
      ...alert.detail,
    });
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      try {
        const answer = await deps.egress.fetch(webhook, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
          timeout_ms: WEBHOOK_TIMEOUT_MS,
          maxBytes: 64 * 1024,
        });
        if (answer.status < 300) {
          await deps.store.alerts.delivered(alert.id, deps.clock.now());
          return;
        }
        throw new Error(`status ${answer.status}`);
      } catch (error) {
        if (attempt === TRIES)
          deps.log('warn', 'an alert could not be delivered', { alert: alert.id, error: String(error) });
        else await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES_MS * attempt));
      }
    }
  }

  return {
    booked(organisation, record, booked) {
      for (const { fund, part } of booked) {
        if (part.over > 0n) {
          raise({
            id: `settled_above_hold:${fund.id}:${record.id}`,
            at_ms: deps.clock.now(),
            organisation,
            kind: 'settled_above_hold',
            subject: fund.id,
            detail: { operation: record.id, over: formatDecimal(part.over), currency: fund.currency },
          });
        }
        for (const percent of crossed(part.spentBefore, part.spent, fund.limit, fund.budget?.alertPercents ?? [])) {
          raise(
            {
              id: `budget_share:${fund.id}:${part.window}:${percent}`,
              at_ms: deps.clock.now(),
              organisation,
              kind: 'budget_share',
              subject: fund.id,
              detail: {
                budget: fund.id,
                window: part.window,
                percent,
                spent: formatDecimal(part.spent),
                amount: formatDecimal(fund.limit),
                currency: fund.currency,
                hard: fund.budget?.hard ?? true,
              },
            },
            fund.budget?.webhook,
          );
        }
      }
    },
    unreconciled(organisation, record) {
      const attempt = record.attempts.find((item) => item.usageSource === 'unreconciled')!;
      raise({
        id: `unreconciled:${record.id}`,
        at_ms: deps.clock.now(),
        organisation,
        kind: 'unreconciled',
        subject: attempt.deployment,
        detail: { operation: record.id, raw: attempt.rawUsage ?? null },
      });
    },
    settled: () => tail,
  };
}
