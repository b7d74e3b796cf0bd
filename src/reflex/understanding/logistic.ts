/** Logistic regression of few signals, by Newton's method. */

/** Weights with L2; `importance` by row. A row's last signal is usually the constant 1. */
export function fitLogistic(
  rows: readonly (readonly number[])[],
  labels: readonly number[],
  importance: readonly number[],
  ridge = 1e-2,
): number[] {
  const size = rows[0]!.length;
  const inputs = rows.map((row) => Float64Array.from(row));
  let weights = new Array<number>(size).fill(0);
  for (let step = 0; step < MAX_STEPS; step++) {
    const gradient = Float64Array.from(weights, (weight) => weight * ridge);
    const hessian = weights.map((_, at) => new Float64Array(size).fill(ridge, at, at + 1));
    inputs.forEach((row, index) => {
      const weight = importance[index]!;
      let sum = 0;
      for (let at = 0; at < size; at++) sum += row[at]! * weights[at]!;
      const probability = 1 / (1 + Math.exp(-sum));
      const error = weight * (probability - labels[index]!);
      const curve = weight * probability * (1 - probability);
      for (let at = 0; at < size; at++) {
        gradient[at]! += error * row[at]!;
        const own = hessian[at]!;
        const scaled = curve * row[at]!;
        // It is symmetric: the lower half will do.
        for (let other = 0; other <= at; other++) own[other]! += scaled * row[other]!;
      }
    });
    for (let at = 0; at < size; at++)
      for (let other = at + 1; other < size; other++) hessian[at]![other] = hessian[other]![at]!;
    const move = solve(hessian, gradient);
    weights = weights.map((weight, at) => weight - Math.max(-4, Math.min(4, move[at]!)));
    if (Math.max(...move.map(Math.abs)) < TOLERANCE) break;
  }
  return weights;
}

const MAX_STEPS = 25;
const TOLERANCE = 1e-4;

/** Gaussian elimination with pivoting; the matrix is positive definite. */
function solve(matrix: readonly Float64Array[], right: Float64Array): number[] {
  const rows = matrix.map((row, index) => Float64Array.from([...row, right[index]!]));
  const size = rows.length;
  for (let at = 0; at < size; at++) {
    let pivot = at;
    for (let row = at + 1; row < size; row++) if (Math.abs(rows[row]![at]!) > Math.abs(rows[pivot]![at]!)) pivot = row;
    [rows[at], rows[pivot]] = [rows[pivot]!, rows[at]!];
    for (let row = at + 1; row < size; row++) {
      const factor = rows[row]![at]! / rows[at]![at]!;
      for (let column = at; column <= size; column++) rows[row]![column]! -= factor * rows[at]![column]!;
    }
  }
  const out = new Array<number>(size).fill(0);
  for (let at = size - 1; at >= 0; at--) {
    let sum = rows[at]![size]!;
    for (let column = at + 1; column < size; column++) sum -= rows[at]![column]! * out[column]!;
    out[at] = sum / rows[at]![at]!;
  }
  return out;
}
