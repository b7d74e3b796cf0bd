import type { CSSProperties, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useCharge } from '../../api/queries.ts';
import type { BarometerView } from '../../api/wire.ts';
import { type Format, registerDigits } from '../../lib/format.ts';
import { dayOf, dayStart } from '../../lib/time.ts';
import { AmountList } from '../../ui/money.tsx';
import { Milestones } from './milestones.tsx';

/** The meter: its register, what it turns at, and the scale that it climbs. */
export function Readings({ barometer, format }: { barometer: BarometerView; format: Format }) {
  const { t } = useTranslation();
  const { tokens, requests, growth } = barometer;
  const today = dayOf(Date.parse(barometer.at), format.timezone);
  return (
    <div className="grid gap-x-10 gap-y-6 pt-5 pb-6 lg:grid-cols-12">
      <div className="min-w-0 lg:col-span-7">
        <p className="text-sm text-ink-2">
          {t('barometer.total')}
          <span className="text-ink-3">
            {' '}
            · {t('barometer.total_since', { requests: format.whole(requests.total) })}
          </span>
        </p>
        <Register total={tokens.total} spoken={format.whole(tokens.total)} />
        <Milestones milestones={barometer.milestones} total={tokens.total} format={format} />
      </div>
      <dl className="grid grid-cols-2 gap-y-5 sm:grid-cols-3 lg:col-span-5">
        <Reading label={t('barometer.now')} value={format.whole(barometer.per_minute)} name="per-minute">
          <p>{t('barometer.per_minute')}</p>
          <p>{t('barometer.open', { count: barometer.open, n: format.whole(barometer.open) })}</p>
        </Reading>
        <Reading
          label={t('barometer.today')}
          value={format.compact(tokens.today)}
          title={format.whole(tokens.today)}
          name="today"
        >
          <p>{t('barometer.today_unit')}</p>
          <p>{t('barometer.today_calls', { count: requests.today, n: format.whole(requests.today) })}</p>
        </Reading>
        <div className="col-span-2 border-l border-rule pl-4 sm:col-span-1">
          <dt className="text-sm text-ink-2">{t('barometer.growth')}</dt>
          <dd className="mt-1.5">
            <table className="w-full max-w-52 text-sm">
              <tbody>
                {(['day', 'week', 'month'] as const).map((span) => (
                  <tr key={span}>
                    <th scope="row" className="py-0.5 text-left text-ink-3">
                      {t(`barometer.growth_${span}`)}
                    </th>
                    <td className="py-0.5 text-right">
                      <Change share={growth[span]} format={format} none={t('barometer.growth_none')} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </dd>
        </div>
        <Charged
          label={t('barometer.charged_today')}
          name="charged-today"
          from_ms={dayStart(today, format.timezone)}
          format={format}
        />
        <Charged
          label={t('barometer.charged_month')}
          name="charged-month"
          from_ms={dayStart(`${today.slice(0, 8)}01`, format.timezone)}
          format={format}
        />
        <div className="col-span-2 border-l border-rule pl-4 sm:col-span-1">
          <dt className="text-sm text-ink-2">{t('barometer.failed')}</dt>
          <dd className="mt-1">
            {format.whole(barometer.errors)}
            <p className="text-xs text-ink-3">
              {t('barometer.failed_share', {
                share: format.percent(requests.total === 0 ? 0 : barometer.errors / requests.total),
              })}
            </p>
          </dd>
        </div>
      </dl>
    </div>
  );
}

function Register({ total, spoken }: { total: number; spoken: string }) {
  const { lead, digits } = registerDigits(total);
  const style = { '--digits': lead.length + digits.length } as CSSProperties;
  return (
    <div className="register mt-2 mb-4">
      <p style={style} data-total={total}>
        <span className="sr-only">{spoken}</span>
        <span aria-hidden="true" data-ghost className="text-ghost">
          {lead}
        </span>
        <span aria-hidden="true">{digits}</span>
      </p>
    </div>
  );
}

function Reading({
  label,
  value,
  title,
  name,
  children,
}: {
  label: string;
  value: string;
  title?: string;
  name: string;
  children: ReactNode;
}) {
  return (
    <div className="border-l border-rule pl-4">
      <dt className="text-sm text-ink-2">{label}</dt>
      <dd>
        <p className="mt-1 text-[1.75rem] leading-9 font-medium tracking-tight" title={title} data-reading={name}>
          {value}
        </p>
        <div className="mt-0.5 text-xs text-ink-3">{children}</div>
      </dd>
    </div>
  );
}

function Charged({ label, name, from_ms, format }: { label: string; name: string; from_ms: number; format: Format }) {
  const { t } = useTranslation();
  const { data, isError } = useCharge(from_ms, format.timezone);
  return (
    <div className="border-l border-rule pl-4">
      <dt className="text-sm text-ink-2">{label}</dt>
      <dd className="mt-1" data-reading={name}>
        {data ? (
          <AmountList amounts={data.charge} format={format} />
        ) : (
          <span className={isError ? 'text-ink-3' : 'skeleton'}>{isError ? '–' : '0.00'}</span>
        )}
        {data && data.unpriced > 0 && (
          <p className="text-xs text-warn">
            {t('usage.unpriced_some', { count: data.unpriced, n: format.whole(data.unpriced) })}
          </p>
        )}
      </dd>
    </div>
  );
}

function Change({ share, format, none }: { share: number | null; format: Format; none: string }) {
  if (share === null) {
    return (
      <span className="text-ink-3" title={none}>
        <span aria-hidden="true">–</span>
        <span className="sr-only">{none}</span>
      </span>
    );
  }
  return <>{format.change(share)}</>;
}
