import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { OperationRow } from '../../api/operation-rows.ts';
import { type Names, useNames } from '../../api/queries.ts';
import type { Format } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Amount, columnPlaces } from '../../ui/money.tsx';
import { Section } from '../../ui/section.tsx';
import { Failed, Loading, Nothing } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';
import { OperationDrawer } from './operation-drawer.tsx';

const SHORT = 12;
const CELL = 'py-1.5 pl-4 text-right';

interface Props {
  operations: UseQueryResult<OperationRow[]>;
  /** Rows that have just come in. */
  fresh: ReadonlySet<string>;
  format: Format;
  className: string;
}

export function Operations({ operations, fresh, format, className }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<OperationRow>();
  const [all, setAll] = useState(false);
  const names = useNames().data;
  const rows = operations.data;
  return (
    <Section className={className} title={t('operations.title')}>
      {operations.error && !rows ? (
        <Failed error={operations.error} onRetry={() => void operations.refetch()} />
      ) : !rows ? (
        <Loading rows={6} />
      ) : rows.length === 0 ? (
        <Nothing>{t('operations.none')}</Nothing>
      ) : (
        <>
          <Table
            rows={all ? rows : rows.slice(0, SHORT)}
            fresh={fresh}
            names={names}
            format={format}
            onOpen={setOpen}
          />
          {rows.length > SHORT && (
            <Button kind="link" className="mt-2 text-sm" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? t('usage.fewer') : t('operations.more', { n: format.whole(rows.length) })}
            </Button>
          )}
        </>
      )}
      {open && <OperationDrawer row={open} names={names} format={format} onClose={() => setOpen(undefined)} />}
    </Section>
  );
}

interface TableProps {
  rows: readonly OperationRow[];
  fresh: ReadonlySet<string>;
  names: Names | undefined;
  format: Format;
  onOpen(row: OperationRow): void;
}

function Table({ rows, fresh, names, format, onOpen }: TableProps) {
  const { t } = useTranslation();
  const places = columnPlaces(rows.flatMap((row) => (row.charge === undefined ? [] : [{ amount: row.charge }])));
  return (
    <table className="w-full border-collapse text-sm" data-operations>
      <thead>
        <tr className="border-b border-rule text-xs whitespace-nowrap text-ink-3">
          <th scope="col" className="w-px pr-4 pb-1.5 text-left whitespace-nowrap">
            {t('operations.time')}
          </th>
          <th scope="col" className="pb-1.5 text-left">
            {t('operations.model')}
          </th>
          <th scope="col" className="hidden pb-1.5 pl-4 text-left lg:table-cell">
            {t('operations.key')}
          </th>
          <th scope="col" className="hidden pb-1.5 pl-4 text-left sm:table-cell">
            {t('operations.status')}
          </th>
          <th scope="col" className="pb-1.5 pl-4 text-right">
            {t('operations.tokens')}
          </th>
          <th scope="col" className="hidden pb-1.5 pl-4 text-right md:table-cell">
            {t('operations.charge')}
          </th>
          <th scope="col" className="hidden pb-1.5 pl-4 text-right md:table-cell">
            {t('operations.ttft')}
          </th>
          <th scope="col" className="pb-1.5 pl-4 text-right">
            {t('operations.latency')}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr
            key={row.id}
            data-operation={row.id}
            className={`relative border-b border-rule last:border-0 hover:bg-sunken has-focus-visible:bg-sunken ${fresh.has(row.id) ? 'fresh' : ''}`}
          >
            <td className="py-1.5 pr-4 whitespace-nowrap text-ink-2">{format.clock(row.at_ms)}</td>
            <th scope="row" className="w-full max-w-0 py-1.5 text-left">
              <button
                type="button"
                className="block max-w-full truncate text-left after:absolute after:inset-0"
                aria-label={t('operations.open', { model: row.deployment || row.model, time: format.clock(row.at_ms) })}
                onClick={() => onOpen(row)}
              >
                {row.deployment || row.model}
                {row.model !== row.deployment && row.deployment && (
                  <span className="ml-2 hidden text-xs text-ink-3 sm:inline">
                    {t('operations.via', { model: row.model })}
                  </span>
                )}
              </button>
              <span className="text-xs sm:hidden">
                <Status value={row.status} />
              </span>
            </th>
            <td className="hidden max-w-40 truncate py-1.5 pl-4 text-ink-2 lg:table-cell">
              {row.key === 'admin' ? t('usage.admin') : (names?.key.get(row.key)?.name ?? row.key)}
            </td>
            <td className="hidden py-1.5 pl-4 sm:table-cell">
              <Status value={row.status} />
            </td>
            <td className={CELL}>{format.whole(row.tokens)}</td>
            <td className={`${CELL} hidden md:table-cell`}>
              <Charge row={row} places={places} format={format} />
            </td>
            <td className={`${CELL} hidden whitespace-nowrap md:table-cell`}>{format.duration(row.ttft_ms)}</td>
            <td className={`${CELL} whitespace-nowrap`}>{format.duration(row.total_ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A dash where nothing was used; what was used and has no price is never shown as 0. */
function Charge({ row, places, format }: { row: OperationRow; places: number; format: Format }) {
  const { t } = useTranslation();
  if (row.charge !== undefined)
    return <Amount value={row.charge} currency={row.currency} places={places} format={format} />;
  const aside = 'mr-[2.45rem] whitespace-nowrap';
  return row.tokens > 0 ? (
    <span className={`${aside} text-warn`}>{t('usage.unpriced')}</span>
  ) : (
    <span className={`${aside} text-ink-3`}>–</span>
  );
}
