import { useTranslation } from 'react-i18next';
import type { BarometerView } from '../../api/wire.ts';
import { milestoneScale } from '../../lib/chart.ts';
import type { Format } from '../../lib/format.ts';

/** A logarithmic scale with a mark at 1, 2 and 5 times each power of ten, and the total as its needle. */
export function Milestones({
  milestones,
  total,
  format,
}: {
  milestones: BarometerView['milestones'];
  total: number;
  format: Format;
}) {
  const { t } = useTranslation();
  const next = milestones.find((milestone) => milestone.at === undefined);
  const last = milestones.findLast((milestone) => milestone.at !== undefined);
  if (!next) return null;
  const scale = milestoneScale(total, next.tokens);
  return (
    <div>
      <ol aria-label={t('barometer.milestones')} className="relative mr-6 h-9">
        {scale.marks.map((mark) => (
          <li key={mark.tokens} className="absolute top-0" style={{ left: `${mark.at * 100}%` }}>
            <span
              aria-hidden="true"
              className={`block w-px ${mark.major ? 'h-3.5' : 'h-2'} ${mark.passed ? 'bg-accent' : 'bg-rule-2'}`}
            />
            <span className="sr-only">
              {t(mark.passed ? 'barometer.milestone_passed' : 'barometer.milestone_ahead', {
                tokens: format.compact(mark.tokens),
              })}
            </span>
            {mark.major && (
              <span
                aria-hidden="true"
                className={`mt-0.5 block text-2xs whitespace-nowrap ${mark.at === 0 ? '' : '-translate-x-1/2'} ${mark.passed ? 'text-ink-2' : 'text-ink-3'}`}
              >
                {format.short(mark.tokens)}
              </span>
            )}
          </li>
        ))}
        <li aria-hidden="true" className="absolute inset-x-0 top-0 h-px bg-rule-2" />
        <li
          aria-hidden="true"
          className="absolute top-[-1px] left-0 h-[3px] bg-accent"
          style={{ width: `${scale.needle * 100}%` }}
        />
        <li
          aria-hidden="true"
          className="absolute top-[-5px] h-[11px] w-[3px] -translate-x-1/2 bg-accent"
          style={{ left: `${scale.needle * 100}%` }}
        />
      </ol>
      <p className="mt-1 text-xs text-ink-3">
        {t('barometer.milestone_next', {
          share: format.percent(total / next.tokens),
          tokens: format.compact(next.tokens),
        })}
        {last?.at && (
          <>
            {' '}
            ·{' '}
            {t('barometer.milestone_last', {
              tokens: format.compact(last.tokens),
              date: format.day(Date.parse(last.at)),
            })}
          </>
        )}
      </p>
    </div>
  );
}
