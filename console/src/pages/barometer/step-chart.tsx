import { type KeyboardEvent, type PointerEvent, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { niceTicks, stepArea, stepLine } from '../../lib/chart.ts';
import type { Format } from '../../lib/format.ts';
import { axisLabels, type Range, type RangeName } from '../../lib/time.ts';
import { AmountList } from '../../ui/money.tsx';
import { useWidth } from '../../ui/use-width.ts';
import type { Bucket } from './timeline.tsx';

const HEIGHT = 160;
const TOP = 8;
const LABELS = 22;
/** Room for the values of the axis, right of the plot where the newest is. */
const GUTTER = 52;
const LABEL_WIDTHS: Record<RangeName, number> = { '24h': 60, '7d': 48, '30d': 86, '90d': 86 };
const TOOLTIP_WIDTH = 192;

interface Props {
  buckets: readonly Bucket[];
  range: Range;
  format: Format;
}

/** Tokens per hour or day, written below read. Drawn at the size it has on the screen, so that its lines are sharp. */
export function StepChart({ buckets, range, format }: Props) {
  const { t } = useTranslation();
  const [box, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number>();
  const plot = Math.max(0, width - GUTTER);
  const ticks = useMemo(
    () => niceTicks(Math.max(...buckets.map((bucket) => bucket.read + bucket.written)), 3),
    [buckets],
  );
  const max = ticks.at(-1)!;
  const y = (value: number): number => TOP + (HEIGHT - TOP) * (1 - value / max);
  const written = buckets.map((bucket) => y(bucket.written));
  const sum = buckets.map((bucket) => y(bucket.read + bucket.written));
  const floor = buckets.map(() => HEIGHT);
  const labels = axisLabels(range, format.timezone, Math.max(2, Math.floor(plot / LABEL_WIDTHS[range.name])));
  const step = plot / buckets.length;
  const shown = at === undefined ? undefined : buckets[Math.min(at, buckets.length - 1)];

  const spoken = (bucket: Bucket): string =>
    t('chart.value', {
      time: timeOf(bucket.at_ms, range, format),
      tokens: format.whole(bucket.read + bucket.written),
      read: format.whole(bucket.read),
      written: format.whole(bucket.written),
      calls: format.whole(bucket.calls),
    });

  function point(event: PointerEvent): void {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    setAt(Math.min(buckets.length - 1, Math.max(0, Math.floor(x / step))));
  }

  function move(event: KeyboardEvent): void {
    const from = at ?? buckets.length;
    const to = {
      ArrowLeft: from - 1,
      ArrowDown: from - 1,
      ArrowRight: from + 1,
      ArrowUp: from + 1,
      Home: 0,
      End: buckets.length - 1,
    }[event.key];
    if (event.key === 'Escape') setAt(undefined);
    if (to === undefined) return;
    event.preventDefault();
    setAt(Math.min(buckets.length - 1, Math.max(0, to)));
  }

  const current = shown ?? buckets.at(-1)!;
  return (
    <div ref={box} className="relative" style={{ height: HEIGHT + LABELS }}>
      {width > 0 && (
        <>
          <svg width={width} height={HEIGHT + LABELS} aria-hidden="true" className="absolute inset-0 overflow-visible">
            {ticks.map((tick) => (
              <g key={tick}>
                <line
                  x1={0}
                  x2={plot}
                  y1={Math.round(y(tick)) + 0.5}
                  y2={Math.round(y(tick)) + 0.5}
                  stroke={tick === 0 ? 'var(--rule-2)' : 'var(--rule)'}
                />
                <text x={plot + 8} y={y(tick) + 4} className="fill-ink-3 text-2xs">
                  {format.short(tick)}
                </text>
              </g>
            ))}
            <path d={stepArea(sum, written, plot)} fill="var(--accent-2)" fillOpacity={0.3} />
            <path d={stepArea(written, floor, plot)} fill="var(--accent)" fillOpacity={0.85} />
            <path d={stepLine(sum, plot)} fill="none" stroke="var(--accent)" strokeWidth={1.5} strokeLinejoin="round" />
            {labels.map((index) => (
              <g key={index}>
                <line
                  x1={Math.round(index * step) + 0.5}
                  x2={Math.round(index * step) + 0.5}
                  y1={HEIGHT}
                  y2={HEIGHT + 5}
                  stroke="var(--rule-2)"
                />
                <text
                  x={Math.round(index * step) + (index * step > plot - 40 ? 0 : 4)}
                  y={HEIGHT + 16}
                  className="fill-ink-3 text-2xs"
                >
                  {labelOf(buckets[index]!.at_ms, range, format)}
                </text>
              </g>
            ))}
            {shown && at !== undefined && (
              <rect
                x={at * step}
                y={TOP}
                width={Math.max(1, step)}
                height={HEIGHT - TOP}
                fill="var(--ink)"
                fillOpacity={0.07}
              />
            )}
          </svg>
          <div
            role="slider"
            tabIndex={0}
            aria-label={t('chart.keys', { range: t(`chart.${range.name}_long`) })}
            aria-valuemin={0}
            aria-valuemax={buckets.length - 1}
            aria-valuenow={at ?? buckets.length - 1}
            aria-valuetext={spoken(current)}
            className="absolute top-0 left-0"
            style={{ width: plot, height: HEIGHT }}
            onPointerMove={point}
            onPointerDown={point}
            onPointerLeave={() => setAt(undefined)}
            onFocus={(event) => event.currentTarget.matches(':focus-visible') && setAt(buckets.length - 1)}
            onBlur={() => setAt(undefined)}
            onKeyDown={move}
          />
          {shown && at !== undefined && (
            <Tooltip bucket={shown} left={tooltipLeft(at * step, step, width)} range={range} format={format} />
          )}
          {max === 1 && (
            <p
              className="pointer-events-none absolute inset-x-0 top-1/3 text-center text-sm text-ink-3"
              style={{ width: plot }}
            >
              {t('chart.none')}
            </p>
          )}
        </>
      )}
    </div>
  );
}

function tooltipLeft(x: number, step: number, width: number): number {
  const right = x + step + 10;
  return right + TOOLTIP_WIDTH <= width ? right : Math.max(0, x - TOOLTIP_WIDTH - 10);
}

function Tooltip({ bucket, left, range, format }: { bucket: Bucket; left: number; range: Range; format: Format }) {
  const { t } = useTranslation();
  const lines: [string, string][] = [
    [t('chart.read'), format.whole(bucket.read)],
    [t('chart.written'), format.whole(bucket.written)],
    [t('chart.calls'), format.whole(bucket.calls)],
  ];
  return (
    <div
      aria-hidden="true"
      data-tooltip
      className="pointer-events-none absolute top-1 z-10 border border-rule-2 bg-raised px-3 py-2 text-xs shadow-sm"
      style={{ left, width: TOOLTIP_WIDTH }}
    >
      <p className="text-ink-3">{timeOf(bucket.at_ms, range, format)}</p>
      <p className="mb-1 text-base font-semibold">{format.whole(bucket.read + bucket.written)}</p>
      {lines.map(([name, value]) => (
        <p key={name} className="flex justify-between">
          <span className="text-ink-3">{name}</span>
          <span>{value}</span>
        </p>
      ))}
      <div className="flex justify-between">
        <span className="text-ink-3">{t('chart.charge')}</span>
        <span className="text-right">
          <AmountList amounts={bucket.charge} format={format} />
        </span>
      </div>
    </div>
  );
}

function labelOf(at_ms: number, range: Range, format: Format): string {
  if (range.name === '24h') return format.hour(at_ms);
  return range.name === '7d' ? format.weekday(at_ms) : format.day(at_ms);
}

function timeOf(at_ms: number, range: Range, format: Format): string {
  return range.step === 'hour' ? `${format.moment(at_ms)}–${format.hour(at_ms + 3_600_000)}` : format.day(at_ms);
}
