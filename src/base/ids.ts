import { randomBytes, randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** Two letters for every 10 random bits: ids are made on every call, and half as many pieces cost half as much. */
const PAIRS: readonly string[] = Array.from(
  { length: 1024 },
  (_, value) => ALPHABET[value >> 5]! + ALPHABET[value & 31]!,
);
const pool = new Uint16Array(2048);
let next = pool.length;
let timeAt_ms = -1;
let timeText = '';

/**
 * A new id such as `op_01jd8x…`: prefix, 48 bits of milliseconds and 80 random bits in base 32,
 * so that ids sort by the time they were made.
 */
export function newId(prefix: string, now_ms: number = Date.now()): string {
  if (next + 8 > pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  if (now_ms !== timeAt_ms) {
    timeAt_ms = now_ms;
    timeText = timeOf(now_ms);
  }
  const at = next;
  next += 8;
  const pair = (offset: number): string => PAIRS[pool[at + offset]! & 1023]!;
  return `${prefix}_${timeText}${pair(0)}${pair(1)}${pair(2)}${pair(3)}${pair(4)}${pair(5)}${pair(6)}${pair(7)}`;
}

function timeOf(now_ms: number): string {
  let time = '';
  let rest = now_ms;
  for (let index = 0; index < 10; index++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  return time;
}

/** A secret with 192 random bits: `tw-…`. */
export function newSecret(prefix: string): string {
  return `${prefix}-${randomBytes(24).toString('base64url')}`;
}
