import { useTranslation } from 'react-i18next';
import { type Names, useBudgets, useNames } from '../../api/queries.ts';
import type { BudgetView } from '../../api/wire.ts';
import { compareDecimals, ratioOf, subtractDecimals } from '../../lib/decimal.ts';
import type { Format } from '../../lib/format.ts';
import { LockIcon } from '../../ui/icons.tsx';
import { Amount } from '../../ui/money.tsx';
import { Section } from '../../ui/section.tsx';
import { Failed, Loading, Nothing } from '../../ui/states.tsx';

/** From here on a budget's bar warns. */
const NEARLY = 0.8;

export function Budgets({ format, className }: { format: Format; className: string }) {
  const { t } = useTranslation();
  const budgets = useBudgets();
  const names = useNames().data;
  return (
    <Section className={className} title={t('budgets.title')}>
      {budgets.error && !budgets.data ? (
        <Failed error={budgets.error} onRetry={() => void budgets.refetch()} />
      ) : !budgets.data ? (
        <Loading rows={3} height={36} />
      ) : budgets.data.length === 0 ? (
        <Nothing>{t('budgets.none')}</Nothing>
      ) : (
        <ul className="grid gap-4">
          {sorted(budgets.data).map((budget) => (
            <Line key={budget.id} budget={budget} names={names} format={format} />
          ))}
        </ul>
      )}
    </Section>
  );
}

/** The fullest first. */
function sorted(budgets: readonly BudgetView[]): BudgetView[] {
  return [...budgets].sort((a, b) => ratioOf(b.spent, b.amount) - ratioOf(a.spent, a.amount));
}

function Line({ budget, names, format }: { budget: BudgetView; names: Names | undefined; format: Format }) {
  const { t } = useTranslation();
  const share = ratioOf(budget.spent, budget.amount);
  const over = compareDecimals(budget.spent, budget.amount) > 0;
  const tone = over ? 'bg-bad' : share >= NEARLY ? 'bg-warn' : 'bg-accent';
  const name = nameOf(budget, names, t('usage.admin'));
  const money = (value: string): string => `${format.money(value)} ${budget.currency}`;
  const left = over
    ? t('budgets.over', { amount: money(subtractDecimals(budget.spent, budget.amount)) })
    : t('budgets.left', { amount: money(budget.remaining) });
  return (
    <li data-budget={budget.id} className="text-sm">
      <div className="flex items-baseline justify-between gap-3">
        <span className="min-w-0 truncate" title={budget.scope_id}>
          {name} <span className="text-xs text-ink-3">{t(`budgets.${budget.scope}`)}</span>
        </span>
        <span className="flex shrink-0 items-center gap-1 text-xs text-ink-2">
          {budget.hard && <LockIcon />}
          {t(budget.hard ? 'budgets.hard' : 'budgets.soft')}
        </span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a <meter> can't be drawn the same in all browsers */}
      <div
        role="meter"
        aria-label={`${name}: ${t('budgets.meter', { share: format.percent(share) })}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, Math.round(share * 100))}
        aria-valuetext={t('budgets.meter', { share: format.percent(share) })}
        className="bar my-1.5 h-1.5 bg-sunken"
      >
        <div className={`h-full ${tone}`} style={{ width: `${Math.min(1, share) * 100}%` }} />
      </div>
      <div className="flex flex-wrap items-baseline justify-between gap-x-3 text-xs text-ink-3">
        <span>
          <span className="text-ink">
            <Amount value={budget.spent} format={format} />
          </span>{' '}
          {t('budgets.of', { amount: money(budget.amount) })}{' '}
          {t(`budgets.${budget.window}`, { window: budget.current_window })}
        </span>
        <span className={over ? 'text-bad' : share >= NEARLY ? 'text-warn' : ''}>{left}</span>
      </div>
    </li>
  );
}

function nameOf(budget: BudgetView, names: Names | undefined, admin: string): string {
  if (budget.scope === 'key' && budget.scope_id === 'admin') return admin;
  if (budget.scope === 'key' || budget.scope === 'project')
    return names?.[budget.scope].get(budget.scope_id)?.name ?? budget.scope_id;
  return budget.scope_id;
}
