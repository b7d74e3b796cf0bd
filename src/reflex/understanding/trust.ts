/** How confident a model must be for a wanted share of right answers, from examples that it did not learn from. */

/** A point of the table: of the held-out answers at this confidence or more, at least this share is right; `share` of all texts get one. */
export interface TrustPoint {
  confidence: number;
  precision: number;
  share: number;
}

/** Ascending in confidence and in precision; empty where nothing was held out. */
export type TrustTable = readonly TrustPoint[];

export interface Judged {
  confidence: number;
  right: boolean;
  /** The out-of-scope test let it pass. */
  given: boolean;
}

const POINTS = 50;
/**
 * One standard error: a share seen on n held-out texts is taken for the lower end of Wilson's interval (Wilson, 1927), so that three right
 * answers of three don't count as certainty. With all of n right it is n / (n + 1).
 */
const Z = 1;

/** At most 50 points. Answers of equal confidence stand or fall together. */
export function tableOfTrust(heldOut: readonly Judged[]): TrustTable {
  const given = heldOut.filter((one) => one.given).sort((a, b) => b.confidence - a.confidence);
  const points: TrustPoint[] = [];
  let right = 0;
  for (const [at, one] of given.entries()) {
    if (one.right) right++;
    if (given[at + 1]?.confidence === one.confidence) continue;
    const answers = at + 1;
    points.push({
      confidence: down(one.confidence),
      precision: down(lowerBound(right, answers)),
      share: down(answers / heldOut.length),
    });
  }
  return thin(rising(points.reverse()));
}

/** The least confidence from which answers are right at least this often; undefined where no held-out answers were. */
export function thresholdFor(table: TrustTable, precision: number): TrustPoint | undefined {
  return table.find((point) => point.precision >= precision);
}

function lowerBound(right: number, of: number): number {
  const share = right / of;
  const square = Z * Z;
  const middle = share + square / (2 * of);
  const width = Z * Math.sqrt((share * (1 - share)) / of + square / (4 * of * of));
  return (middle - width) / (1 + square / of);
}

/** Points that promise no more than one of less confidence are of no use. */
function rising(points: readonly TrustPoint[]): TrustPoint[] {
  const kept: TrustPoint[] = [];
  for (const point of points) if (point.precision > (kept.at(-1)?.precision ?? 0)) kept.push(point);
  return kept;
}

/** Even steps, both ends kept. */
function thin(points: readonly TrustPoint[]): TrustPoint[] {
  if (points.length <= POINTS) return [...points];
  const step = (points.length - 1) / (POINTS - 1);
  return Array.from({ length: POINTS }, (_, at) => points[Math.round(at * step)]!);
}

/** Four places: rounded down, so that the confidence it was read from still passes. */
function down(value: number): number {
  return Math.floor(value * 10_000) / 10_000;
}
