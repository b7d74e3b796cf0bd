/** Geometry of the meter's charts, free of any page. */

/** Round values from 0 to at least `max`, about `count` steps of 1, 2, 2.5 or 5 times a power of ten, whole numbers only. */
export function niceTicks(max: number, count: number): number[] {
  if (max <= 0) return [0, 1];
  const rough = max / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((value) => value >= rough - 1e-9)!);
  const whole = Number.isInteger(step) ? step : Math.ceil(step);
  const ticks: number[] = [];
  for (let value = 0; ; value += whole) {
    ticks.push(value);
    if (value >= max) return ticks;
  }
}

/** A flat-topped area for sums per bucket: what lies between two clock marks is one amount, not a slope. Values and result in pixels, y downwards. */
export function stepArea(tops: readonly number[], bottoms: readonly number[], width: number): string {
  if (tops.length === 0) return '';
  const x = (index: number): string => ((index * width) / tops.length).toFixed(2);
  const forth = tops
    .map((y, index) => `${index === 0 ? 'M' : 'L'}${x(index)} ${y.toFixed(2)}H${x(index + 1)}`)
    .join('');
  const back = bottoms.map((y, index) => `L${x(index + 1)} ${y.toFixed(2)}H${x(index)}`);
  return `${forth}${back.reverse().join('')}Z`;
}

/** The upper edge of `stepArea`. */
export function stepLine(tops: readonly number[], width: number): string {
  const x = (index: number): string => ((index * width) / tops.length).toFixed(2);
  return tops.map((y, index) => `${index === 0 ? 'M' : 'L'}${x(index)} ${y.toFixed(2)}H${x(index + 1)}`).join('');
}

export interface ScaleMark {
  tokens: number;
  /** 0 to 1 along the scale. */
  at: number;
  /** Powers of ten bear a number. */
  major: boolean;
  passed: boolean;
}

export interface MilestoneScale {
  marks: ScaleMark[];
  /** Where the total stands, 0 to 1. */
  needle: number;
}

const DECADES_SHOWN = 5;

/** A logarithmic scale that ends with the decade of the next milestone and shows five decades at most. */
export function milestoneScale(total: number, next: number): MilestoneScale {
  const top = Math.max(4, Math.ceil(Math.log10(Math.max(next, 10))));
  const bottom = Math.max(2, top - DECADES_SHOWN);
  const at = (tokens: number): number =>
    Math.min(1, Math.max(0, (Math.log10(Math.max(tokens, 1)) - bottom) / (top - bottom)));
  const marks: ScaleMark[] = [];
  for (let power = bottom; power <= top; power++) {
    for (const factor of [1, 2, 5]) {
      const tokens = factor * 10 ** power;
      if (power === top && factor > 1) break;
      marks.push({ tokens, at: at(tokens), major: factor === 1, passed: total >= tokens });
    }
  }
  return { marks, needle: at(total) };
}
