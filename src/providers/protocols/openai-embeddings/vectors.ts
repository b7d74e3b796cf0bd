/** Vectors as base64 of little-endian 32-bit floats, which is what the official clients ask for unless told otherwise. */
import { endianness } from 'node:os';

const FLOAT_BYTES = 4;
const LITTLE = endianness() === 'LE';

export function encodeVector(vector: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(vector.length * FLOAT_BYTES);
  for (let index = 0; index < vector.length; index++) bytes.writeFloatLE(vector[index]!, index * FLOAT_BYTES);
  return bytes.toString('base64');
}

/** Undefined when the text is no whole number of floats. */
export function decodeVector(text: string): number[] | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.length % FLOAT_BYTES !== 0) return undefined;
  if (LITTLE) {
    // A copy, since a Float32Array must start at a multiple of four.
    const own = new Uint8Array(bytes);
    return Array.from(new Float32Array(own.buffer, 0, own.length / FLOAT_BYTES));
  }
  return Array.from({ length: bytes.length / FLOAT_BYTES }, (_, index) => bytes.readFloatLE(index * FLOAT_BYTES));
}
