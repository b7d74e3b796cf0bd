import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { OperationRow } from '../../api/operation-rows.ts';
import { type Names, useOperation } from '../../api/queries.ts';
import type { AttemptView, OperationView, UsageView } from '../../api/wire.ts';
import type { Format } from '../../lib/format.ts';
import { partsOf, totalTokens } from '../../lib/usage.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Drawer } from '../../ui/drawer.tsx';
import { Amount } from '../../ui/money.tsx';
import { Failed, Loading } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';

interface Props {
  row: OperationRow;
  names: Names | undefined;
  format: Format;
  onClose(): void;
}

/** One operation whole: how it ended, what it used and cost, and each attempt with the price that was put on it. */
export function OperationDrawer({ row, names, format, onClose }: Props) {
  const { t } = useTranslation();
  const operation = useOperation(row.id);
  return (
    <Drawer title={t('operation.title')} onClose={onClose}>
      <p className="mt-1 flex flex-wrap items-baseline gap-x-3 text-sm">
        <code className="font-mono text-xs break-all text-ink-2">{row.id}</code>
        <CopyButton text={row.id} label={t('operation.copy')} done={t('operation.copied')} />
      </p>
      {operation.data ? (
        <Details operation={operation.data} names={names} format={format} />
      ) : operation.error ? (
        <div className="mt-6">
          <Failed error={operation.error} onRetry={() => void operation.refetch()} />
        </div>
      ) : (
        <div className="mt-6">
          <Loading rows={10} />
        </div>
      )}
    </Drawer>
  );
}

function Details({ operation, names, format }: { operation: OperationView; names: Names | undefined; format: Format }) {
  const { t } = useTranslation();
  const tags = Object.entries(operation.tags);
  return (
    <div className="text-sm" data-detail={operation.id}>
      <Part title={t('operation.call')}>
        <Fact name={t('operations.status')}>
          <Status value={operation.status} />
        </Fact>
        {operation.error_code && <Fact name={t('operation.error')}>{operation.error_code}</Fact>}
        <Fact name={t('operation.at')}>{format.full(Date.parse(operation.at))}</Fact>
        <Fact name={t('operation.asked')}>{operation.model}</Fact>
        <Fact name={t('operation.answered')}>{operation.deployment || '–'}</Fact>
        <Fact name={t('operation.surface')}>
          {operation.stream ? t('operation.streamed', { surface: operation.surface }) : operation.surface}
        </Fact>
        <Fact name={t('operation.key')}>
          {operation.key === 'admin' ? t('usage.admin') : (names?.key.get(operation.key)?.name ?? operation.key)}
        </Fact>
        <Fact name={t('operation.project')}>{names?.project.get(operation.project)?.name ?? operation.project}</Fact>
        {operation.user && <Fact name={t('operation.user')}>{operation.user}</Fact>}
        {operation.agent && <Fact name={t('operation.agent')}>{operation.agent}</Fact>}
        {operation.run && <Fact name={t('operation.run')}>{operation.run}</Fact>}
        {tags.length > 0 && (
          <Fact name={t('operation.tags')}>{tags.map(([name, value]) => `${name}=${value}`).join(', ')}</Fact>
        )}
        <Fact name={t('operation.ttft')}>{format.duration(operation.latency.ttft_ms ?? undefined)}</Fact>
        <Fact name={t('operation.latency')}>{format.duration(operation.latency.total_ms)}</Fact>
      </Part>

      <Part title={t('operation.money')}>
        <Fact name={t('operation.cost')}>
          <Costs operation={operation} format={format} />
        </Fact>
        <Fact name={t('operation.charge')}>
          {operation.charge === null ? (
            <Unpriced usage={operation.usage} />
          ) : (
            <Amount value={operation.charge} currency={operation.charge_currency ?? undefined} format={format} />
          )}
        </Fact>
        <Fact name={t('operation.price')}>
          <Version id={operation.price_version} />
        </Fact>
        <Fact name={t('operation.sell_price')}>
          {operation.sell_price_version ? (
            <Version id={operation.sell_price_version} />
          ) : (
            <span className="text-ink-3">{t('operation.charge_is_cost')}</span>
          )}
        </Fact>
      </Part>

      <Part
        title={t('operation.usage')}
        note={operation.usage_source ? t(`operation.source.${operation.usage_source}`) : undefined}
        plain
      >
        <Vector usage={operation.usage} format={format} />
      </Part>

      {operation.attempts.map((attempt) => (
        <Attempt key={attempt.index} attempt={attempt} alone={operation.attempts.length === 1} format={format} />
      ))}

      {operation.holds.length > 0 && (
        <Part title={t('operation.holds')}>
          {operation.holds.map((hold) => (
            <Fact key={`${hold.budget} ${hold.window}`} name={`${hold.budget} · ${hold.window}`}>
              {t('operation.held', {
                held: `${format.money(hold.held)} ${hold.currency}`,
                settled: `${format.money(hold.settled)} ${hold.currency}`,
              })}
            </Fact>
          ))}
        </Part>
      )}
    </div>
  );
}

/** A dash where nothing was used; what was used and has no price is never shown as 0. */
function Unpriced({ usage }: { usage: UsageView }) {
  const { t } = useTranslation();
  return totalTokens(usage) > 0 ? <span className="text-warn">{t('operation.no_price')}</span> : <>–</>;
}

function Costs({ operation, format }: { operation: OperationView; format: Format }) {
  const costs = Object.entries(operation.costs);
  if (operation.cost !== null)
    return <Amount value={operation.cost} currency={operation.currency ?? undefined} format={format} />;
  if (costs.length === 0) return <Unpriced usage={operation.usage} />;
  return costs.map(([currency, value]) => (
    <div key={currency}>
      <Amount value={value} currency={currency} format={format} />
    </div>
  ));
}

function Version({ id }: { id: string | null }) {
  return id ? <code className="font-mono text-xs break-all">{id}</code> : <>–</>;
}

function Attempt({ attempt, alone, format }: { attempt: AttemptView; alone: boolean; format: Format }) {
  const { t } = useTranslation();
  return (
    <Part title={t('operation.attempt', { n: attempt.index + 1 })} note={attempt.deployment}>
      <Fact name={t('operations.status')}>
        <Status value={attempt.status} />
        {attempt.http_status !== null && <span className="ml-2 text-ink-3">HTTP {attempt.http_status}</span>}
      </Fact>
      {attempt.error_code && <Fact name={t('operation.error')}>{attempt.error_code}</Fact>}
      <Fact name={t('operation.ttft')}>{format.duration(attempt.latency.ttft_ms ?? undefined)}</Fact>
      <Fact name={t('operation.latency')}>{format.duration(attempt.latency.total_ms)}</Fact>
      {attempt.served_tier && <Fact name={t('operation.tier')}>{attempt.served_tier}</Fact>}
      {attempt.tokenizer && <Fact name={t('operation.tokenizer')}>{attempt.tokenizer}</Fact>}
      <Fact name={t('operation.cost')}>
        {attempt.cost === null ? (
          <Unpriced usage={attempt.usage} />
        ) : (
          <Amount value={attempt.cost} currency={attempt.currency ?? undefined} format={format} />
        )}
      </Fact>
      {attempt.price_version && (
        <Fact name={t('operation.price')}>
          <Version id={attempt.price_version} />
        </Fact>
      )}
      {!alone &&
        partsOf(attempt.usage).map(({ field, count }) => (
          <Fact key={field} name={t(`fields.${field}`)}>
            {format.whole(count)}
          </Fact>
        ))}
    </Part>
  );
}

/** The disjoint parts and, where there are several, their sum. */
function Vector({ usage, format }: { usage: UsageView; format: Format }) {
  const { t } = useTranslation();
  const parts = partsOf(usage);
  if (parts.length === 0) return <p className="text-ink-3">{t('operation.none_used')}</p>;
  const total = totalTokens(usage);
  return (
    <table className="w-full border-collapse">
      <tbody>
        {parts.map(({ field, count, isTokens }) => (
          <tr key={field} className="border-b border-rule" data-part={field}>
            <th scope="row" className="py-1 pr-4 text-left text-ink-2">
              {t(`fields.${field}`)}
            </th>
            <td className="w-2/5">
              {isTokens && total > 0 && (
                <div aria-hidden="true" className="bar h-[3px] bg-sunken">
                  <div className="h-full bg-accent" style={{ width: `${(count / total) * 100}%` }} />
                </div>
              )}
            </td>
            <td className="py-1 pl-4 text-right">{format.whole(count)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr className="font-medium">
          <th scope="row" className="py-1 text-left font-medium">
            {t('operation.total')}
          </th>
          <td />
          <td className="py-1 pl-4 text-right">{format.whole(total)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

function Part({
  title,
  note,
  plain,
  children,
}: {
  title: string;
  note?: string;
  plain?: boolean;
  children: ReactNode;
}) {
  return (
    <section className="mt-6 border-t border-rule-2 pt-2">
      <div className="mb-1 flex flex-wrap items-baseline justify-between gap-x-4">
        <h3 className="font-semibold">{title}</h3>
        {note && <p className="text-xs text-ink-3">{note}</p>}
      </div>
      {plain ? children : <dl>{children}</dl>}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex justify-between gap-6 border-b border-rule py-1 last:border-0">
      <dt className="shrink-0 text-ink-2">{name}</dt>
      <dd className="min-w-0 text-right break-words">{children}</dd>
    </div>
  );
}
