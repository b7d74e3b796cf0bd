/** Signed 32-bit hashes: of texts (FNV-1a, mixed once, since its low bits are weak) and of pairs of hashes. */

export const BASIS = 0x811c9dc5;
export const PRIME = 0x01000193;

export function hashText(text: string): number {
  let hash = BASIS;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), PRIME);
  return mix(hash);
}

export function mix(hash: number): number {
  let out = hash ^ (hash >>> 16);
  out = Math.imul(out, 0x85ebca6b);
  out ^= out >>> 13;
  out = Math.imul(out, 0xc2b2ae35);
  return out ^ (out >>> 16);
}

export function join(a: number, b: number): number {
  return mix(Math.imul(a, 0x9e3779b1) ^ (b + 0x7f4a7c15));
}
