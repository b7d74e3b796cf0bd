import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useUsage } from '../../api/queries.ts';
import type { UsageRowView } from '../../api/wire.ts';
import type { Amounts } from '../../lib/decimal.ts';
import type { Format } from '../../lib/format.ts';
import { bucketTime, RANGES, type Range, type RangeName } from '../../lib/time.ts';
import { readTokens, writtenTokens } from '../../lib/usage.ts';
import { Section } from '../../ui/section.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { Failed, Loading } from '../../ui/states.tsx';
import { StepChart } from './step-chart.tsx';

/** What one bucket of the chart holds. */
export interface Bucket {
  at_ms: number;
  read: number;
  written: number;
  calls: number;
  charge: Amounts;
}

interface Props {
  range: Range;
  onRange(name: RangeName): void;
  format: Format;
  className: string;
}

export function Timeline({ range, onRange, format, className }: Props) {
  const { t } = useTranslation();
  const usage = useUsage(range.step, range, format.timezone);
  const rows = usage.data?.data;
  const buckets = useMemo(() => rows && fillBuckets(rows, range, format.timezone), [rows, range, format.timezone]);
  return (
    <Section
      className={className}
      title={t('chart.title')}
      aside={
        <div className="flex flex-wrap items-center gap-x-5">
          <span className="flex gap-4 text-xs text-ink-2">
            <Legend tone="bg-accent" text={t('chart.written')} />
            <Legend tone="bg-accent-2/45" text={t('chart.read')} />
          </span>
          <Segmented
            label={t('chart.range')}
            value={range.name}
            options={RANGES.map((name) => ({ value: name, text: t(`chart.${name}`) }))}
            onChange={onRange}
          />
        </div>
      }
    >
      {buckets ? (
        <StepChart buckets={buckets} range={range} format={format} />
      ) : usage.error ? (
        <Failed error={usage.error} onRetry={() => void usage.refetch()} />
      ) : (
        <Loading rows={1} height={208} />
      )}
    </Section>
  );
}

function Legend({ tone, text }: { tone: string; text: string }) {
  return (
    <span className="flex items-center gap-1.5">
      <span aria-hidden="true" className={`size-2.5 ${tone}`} />
      {text}
    </span>
  );
}

/** The report has only hours and days that hold something. */
function fillBuckets(rows: readonly UsageRowView[], range: Range, timezone: string): Bucket[] {
  const found = new Map(rows.map((row) => [bucketTime(row.group[range.step] ?? '', timezone), row]));
  return range.buckets.map((at_ms) => {
    const row = found.get(at_ms);
    return {
      at_ms,
      read: row ? readTokens(row.usage) : 0,
      written: row ? writtenTokens(row.usage) : 0,
      calls: row?.requests ?? 0,
      charge: row?.charge ?? {},
    };
  });
}
