import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Names, useNames, useUsage } from '../../api/queries.ts';
import type { UsageRowView } from '../../api/wire.ts';
import { type Amounts, addAmounts } from '../../lib/decimal.ts';
import type { Format } from '../../lib/format.ts';
import type { Range } from '../../lib/time.ts';
import { readTokens, totalTokens, writtenTokens } from '../../lib/usage.ts';
import { Button } from '../../ui/button.tsx';
import { AmountList, columnPlaces } from '../../ui/money.tsx';
import { Section } from '../../ui/section.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { Failed, Loading, Nothing } from '../../ui/states.tsx';

const GROUPS = ['model', 'key', 'project'] as const;
type Group = (typeof GROUPS)[number];
/** Lines shown before the rest is asked for. */
const SHORT = 8;

/** The statement: who or what used how much, and what it cost. */
export function Usage({ range, format, className }: { range: Range; format: Format; className: string }) {
  const { t } = useTranslation();
  const [group, setGroup] = useState<Group>('model');
  const usage = useUsage(group, range, format.timezone);
  const names = useNames().data;
  // While another grouping is on its way, the last one's rows are still here.
  const rows = usage.data?.data.filter((row) => group in row.group);
  return (
    <Section
      className={className}
      title={t('usage.heading', { range: t(`chart.${range.name}_long`) })}
      aside={
        <Segmented<Group>
          label={t('usage.by')}
          value={group}
          options={GROUPS.map((name) => ({ value: name, text: t(`usage.${name}`) }))}
          onChange={setGroup}
        />
      }
    >
      {usage.error && !rows ? (
        <Failed error={usage.error} onRetry={() => void usage.refetch()} />
      ) : !rows || (rows.length === 0 && usage.isPlaceholderData) ? (
        <Loading rows={5} />
      ) : rows.length === 0 ? (
        <Nothing>{t('usage.none')}</Nothing>
      ) : (
        <Statement key={group} rows={rows} group={group} names={names} format={format} />
      )}
    </Section>
  );
}

interface StatementProps {
  rows: readonly UsageRowView[];
  group: Group;
  names: Names | undefined;
  format: Format;
}

const NUMBER = 'py-1.5 pl-4 text-right align-top';

function Statement({ rows, group, names, format }: StatementProps) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const sorted = [...rows].sort((a, b) => totalTokens(b.usage) - totalTokens(a.usage) || b.requests - a.requests);
  const shown = all ? sorted : sorted.slice(0, SHORT);
  const most = Math.max(1, ...sorted.map((row) => totalTokens(row.usage)));
  const sum = sumOf(rows);
  const places = {
    cost: columnPlaces([...rows.map((row) => row.cost), sum.cost]),
    charge: columnPlaces([...rows.map((row) => row.charge), sum.charge]),
  };
  return (
    <>
      <table className="w-full border-collapse text-sm" data-usage={group}>
        <thead>
          <tr className="border-b border-rule text-xs whitespace-nowrap text-ink-3">
            <th scope="col" className="pb-1.5 text-left">
              {t(`usage.${group}`)}
            </th>
            <th scope="col" className="pb-1.5 pl-4 text-right">
              {t('usage.tokens')}
            </th>
            <th scope="col" className="hidden pb-1.5 pl-4 text-right md:table-cell">
              {t('usage.calls')}
            </th>
            <th scope="col" className="hidden pb-1.5 pl-4 text-right xl:table-cell">
              {t('usage.failed')}
            </th>
            <th scope="col" className="hidden pb-1.5 pl-4 text-right sm:table-cell" title={t('usage.cost_hint')}>
              {t('usage.cost')}
            </th>
            <th scope="col" className="pb-1.5 pl-4 text-right" title={t('usage.charge_hint')}>
              {t('usage.charge')}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Line
              key={row.group[group]}
              row={row}
              group={group}
              names={names}
              most={most}
              places={places}
              format={format}
            />
          ))}
        </tbody>
        <tfoot>
          <tr className="border-t border-rule-2 font-medium">
            <th scope="row" className="py-1.5 text-left align-top font-medium">
              {t('usage.total')}
            </th>
            <td className={NUMBER} data-sum="tokens">
              {format.whole(sum.tokens)}
            </td>
            <td className={`${NUMBER} hidden md:table-cell`} data-sum="requests">
              {format.whole(sum.requests)}
            </td>
            <td className={`${NUMBER} hidden xl:table-cell`}>{format.whole(sum.errors)}</td>
            <td className={`${NUMBER} hidden sm:table-cell`}>
              <AmountList amounts={sum.cost} format={format} places={places.cost} />
            </td>
            <td className={NUMBER}>
              <AmountList amounts={sum.charge} format={format} places={places.charge} />
            </td>
          </tr>
        </tfoot>
      </table>
      {sorted.length > SHORT && (
        <Button kind="link" className="mt-2 text-sm" aria-expanded={all} onClick={() => setAll(!all)}>
          {all
            ? t('usage.fewer')
            : t('usage.more', { count: sorted.length - SHORT, n: format.whole(sorted.length - SHORT) })}
        </Button>
      )}
    </>
  );
}

interface LineProps {
  row: UsageRowView;
  group: Group;
  names: Names | undefined;
  most: number;
  places: { cost: number; charge: number };
  format: Format;
}

function Line({ row, group, names, most, places, format }: LineProps) {
  const { t } = useTranslation();
  const id = row.group[group] ?? '';
  const label = labelOf(id, group, names, t('usage.admin'), t('usage.unknown'));
  const tokens = totalTokens(row.usage);
  const share = (part: number): string => `${(part / most) * 100}%`;
  const notes = [
    row.unpriced > 0 &&
      row.unpriced < row.requests &&
      t('usage.unpriced_some', { count: row.unpriced, n: format.whole(row.unpriced) }),
    row.unreconciled > 0 && t('usage.unreconciled', { count: row.unreconciled, n: format.whole(row.unreconciled) }),
    row.estimated > 0 && t('usage.estimated', { count: row.estimated, n: format.whole(row.estimated) }),
  ].filter(Boolean);
  return (
    <tr className="border-b border-rule last:border-0" data-row={id} data-tokens={tokens} data-requests={row.requests}>
      <th scope="row" className="w-[46%] max-w-0 py-1.5 text-left align-top">
        <div className="flex items-baseline gap-2">
          <span className="[overflow-wrap:anywhere] sm:truncate" title={id}>
            {label.name}
          </span>
          {label.detail && (
            <span className="hidden truncate font-mono text-2xs text-ink-3 md:inline">{label.detail}</span>
          )}
          {notes.length > 0 && (
            <span className="ml-auto hidden shrink-0 text-2xs text-warn sm:inline">{notes.join(' · ')}</span>
          )}
        </div>
        <div aria-hidden="true" className="bar mt-1 flex h-[3px] w-full bg-sunken">
          <div className="bg-accent" style={{ width: share(writtenTokens(row.usage)) }} />
          <div className="bg-accent-2/45" style={{ width: share(readTokens(row.usage)) }} />
        </div>
      </th>
      <td className={NUMBER}>{format.whole(tokens)}</td>
      <td className={`${NUMBER} hidden md:table-cell`}>{format.whole(row.requests)}</td>
      <td className={`${NUMBER} hidden xl:table-cell ${row.errors > 0 ? 'text-bad' : 'text-ink-3'}`}>
        {format.whole(row.errors)}
      </td>
      <td className={`${NUMBER} hidden sm:table-cell`}>
        <Money amounts={row.cost} row={row} places={places.cost} format={format} />
      </td>
      <td className={NUMBER}>
        <Money amounts={row.charge} row={row} places={places.charge} format={format} />
      </td>
    </tr>
  );
}

/** What has no price is never shown as 0. */
function Money({
  amounts,
  row,
  places,
  format,
}: {
  amounts: Amounts;
  row: UsageRowView;
  places: number;
  format: Format;
}) {
  const { t } = useTranslation();
  if (Object.keys(amounts).length === 0 && row.unpriced > 0)
    return <span className="mr-[2.45rem] whitespace-nowrap text-warn">{t('usage.unpriced')}</span>;
  return <AmountList amounts={amounts} format={format} places={places} />;
}

function labelOf(
  id: string,
  group: Group,
  names: Names | undefined,
  admin: string,
  unknown: string,
): { name: string; detail: string } {
  if (id === '') return { name: unknown, detail: '' };
  if (group === 'model') return { name: id, detail: '' };
  if (group === 'key' && id === 'admin') return { name: admin, detail: '' };
  return names?.[group].get(id) ?? { name: id, detail: '' };
}

function sumOf(rows: readonly UsageRowView[]) {
  let [tokens, requests, errors] = [0, 0, 0];
  for (const row of rows) {
    tokens += totalTokens(row.usage);
    requests += row.requests;
    errors += row.errors;
  }
  return {
    tokens,
    requests,
    errors,
    cost: addAmounts(rows.map((row) => row.cost)),
    charge: addAmounts(rows.map((row) => row.charge)),
  };
}
