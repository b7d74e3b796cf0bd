import { randomBytes, randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const pool = Buffer.allocUnsafe(4096);
let next = pool.length;

/**
 * A new id such as `op_01jd8x…`: prefix, 48 bits of milliseconds and 80 random bits in base 32,
 * so that ids sort by the time they were made.
 */
export function newId(prefix: string, now_ms: number = Date.now()): string {
  if (next + 16 > pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  let time = '';
  let rest = now_ms;
  for (let index = 0; index < 10; index++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let random = '';
  for (let index = 0; index < 16; index++) random += ALPHABET[pool[next++]! & 31];
  return `${prefix}_${time}${random}`;
}

/** A secret with 192 random bits: `tw-…`. */
export function newSecret(prefix: string): string {
  return `${prefix}-${randomBytes(24).toString('base64url')}`;
}
