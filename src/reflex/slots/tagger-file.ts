/** A slot tagger as bytes: weights in one byte each, nothing that weighs nothing. Little-endian. */

import { LIMITS } from '../types.ts';
import { type Crf, labelCount } from './crf.ts';
import { KnownWords, type Tally } from './tagger-known.ts';
import { RowTable } from './tagger-rows.ts';

export interface TaggerParts {
  names: readonly string[];
  known: KnownWords;
  rows: RowTable;
  crf: Crf;
}

interface Header {
  version: 1;
  names: string[];
  /** Lengths of the sections that follow. */
  words: number;
  values: number;
  rows: number;
  pairs: number;
  weights: number;
  /** The largest weight. */
  scale: number;
}

const MAGIC = 0x31544652;

/**
 * Mark, header length, header (JSON), then: known words, known values, moves, stays, row hashes (4 bytes a number),
 * how many weights each row has and for which labels (2 bytes a number), the weights (1 byte each).
 */
export function packTagger({ names, known, rows, crf }: TaggerParts): Uint8Array<ArrayBuffer> {
  const scale = crf.weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) || 1;
  const every = labelCount(names.length);
  const hashes: number[] = [];
  const counts: number[] = [];
  const labels: number[] = [];
  const weights: number[] = [];
  for (let row = 0; row < rows.size; row++) {
    const from = crf.starts[row]!;
    const to = crf.starts[row + 1]!;
    const levels = Array.from(crf.weights.subarray(from, to), (weight) => levelOf(weight, scale));
    const kept = [...levels.keys()].filter((at) => levels[at] !== 0);
    if (kept.length === 0) continue;
    hashes.push(rows.hashes[row]!);
    if (to - from === every) {
      counts.push(EVERY);
      weights.push(...levels);
      continue;
    }
    counts.push(kept.length);
    for (const at of kept) {
      labels.push(crf.labels[from + at]!);
      weights.push(levels[at]!);
    }
  }
  const sections = [
    flatten(known.words),
    flatten(known.values),
    crf.moves,
    crf.stays,
    Uint32Array.from(hashes),
    Uint16Array.from(counts),
    Uint16Array.from(labels),
    Int8Array.from(weights),
  ];
  const header: Header = {
    version: 1,
    names: [...names],
    words: sections[0]!.length,
    values: sections[1]!.length,
    rows: hashes.length,
    pairs: labels.length,
    weights: weights.length,
    scale,
  };
  return write(header, sections);
}

/** In place of a row's number of weights: it has one for every label, in order, and needs no list of labels. */
const EVERY = 0xffff;

/** -127 to 127. The square root keeps small weights apart: there are many of them, and together they count. */
function levelOf(weight: number, scale: number): number {
  return Math.round(127 * Math.sqrt(Math.abs(weight) / scale)) * Math.sign(weight);
}

function write(header: Header, sections: readonly ArrayBufferView[]): Uint8Array<ArrayBuffer> {
  let json = Buffer.from(JSON.stringify(header), 'utf8');
  if (json.length % 4 !== 0) json = Buffer.concat([json, Buffer.alloc(4 - (json.length % 4), ' ')]);
  const out = new Uint8Array(8 + json.length + sections.reduce((sum, section) => sum + section.byteLength, 0));
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, json.length, true);
  out.set(json, 8);
  let at = 8 + json.length;
  for (const section of sections) {
    out.set(new Uint8Array(section.buffer, section.byteOffset, section.byteLength), at);
    at += section.byteLength;
  }
  return out;
}

/** The parts, or what is wrong with the bytes. */
export function unpackTagger(bytes: Uint8Array): TaggerParts | string {
  if (bytes.length < 12 || bytes.length > LIMITS.modelBytes) return 'their length fits none';
  // A copy of its own: typed arrays need an aligned start, and nobody else may change it.
  const own = bytes.slice();
  const view = new DataView(own.buffer);
  const length = view.getUint32(4, true);
  if (view.getUint32(0, true) !== MAGIC) return 'the mark RFT1 is missing';
  if (length % 4 !== 0 || 8 + length > own.length) return 'the header is cut';
  const header = readHeader(Buffer.from(own.buffer, 8, length));
  if (!header) return 'the header lacks what it needs';
  const slots = header.names.length;
  const { words, values, rows, pairs, weights } = header;
  const moves = (slots + 2) * (slots + 1);
  if (own.length !== 8 + length + 4 * (words + values + moves + 2 * slots + rows) + 2 * (rows + pairs) + weights)
    return 'the length does not fit the header';
  let at = 8 + length;
  const take = <T>(
    type: new (buffer: ArrayBuffer, at: number, length: number) => T,
    size: number,
    count: number,
  ): T => {
    const section = new type(own.buffer, at, count);
    at += size * count;
    return section;
  };
  const known = [unflatten(take(Int32Array, 4, words), slots), unflatten(take(Int32Array, 4, values), slots)] as const;
  const crf: Crf = {
    slots,
    moves: take(Float32Array, 4, moves),
    stays: take(Float32Array, 4, 2 * slots),
    starts: new Int32Array(rows + 1),
    labels: new Uint16Array(0),
    weights: new Float32Array(0),
  };
  const hashes = take(Uint32Array, 4, rows);
  const counts = take(Uint16Array, 2, rows);
  const labels = take(Uint16Array, 2, pairs);
  const levels = take(Int8Array, 1, weights);
  if (!known[0] || !known[1] || !fillPairs(crf, counts, labels, weights)) return 'the sections do not fit each other';
  crf.weights = weightsOf(levels, header.scale);
  if (!crf.moves.every(Number.isFinite) || !crf.stays.every(Number.isFinite)) return 'a weight is no number';
  return { names: header.names, known: new KnownWords(known[0], known[1]), rows: new RowTable(hashes), crf };
}

function weightsOf(levels: Int8Array, scale: number): Float32Array {
  const byLevel = new Float32Array(256);
  for (let level = -128; level < 128; level++) byLevel[level + 128] = scale * (level / 127) ** 2 * Math.sign(level);
  const weights = new Float32Array(levels.length);
  for (let pair = 0; pair < levels.length; pair++) weights[pair] = byLevel[levels[pair]! + 128]!;
  return weights;
}

/** Row starts and labels; false where they don't add up to `weights`, or a label has no slot. */
function fillPairs(crf: Crf, counts: Uint16Array, labels: Uint16Array, weights: number): boolean {
  const every = labelCount(crf.slots);
  const { starts } = crf;
  const all = Uint16Array.from({ length: every }, (_, label) => label);
  let from = 0;
  let at = 0;
  crf.labels = new Uint16Array(weights);
  for (let row = 0; row < counts.length; row++) {
    const count = counts[row]!;
    if (count === EVERY) {
      if (at + every > weights) return false;
      crf.labels.set(all, at);
      at += every;
    } else {
      if (at + count > weights || from + count > labels.length) return false;
      for (let pair = 0; pair < count; pair++) {
        const label = labels[from + pair]!;
        if (label >= every) return false;
        crf.labels[at + pair] = label;
      }
      from += count;
      at += count;
    }
    starts[row + 1] = at;
  }
  return from === labels.length && at === weights;
}

function readHeader(json: Buffer): Header | undefined {
  let header: Partial<Header> | null;
  try {
    header = JSON.parse(json.toString('utf8')) as Partial<Header> | null;
  } catch {
    return undefined;
  }
  if (typeof header !== 'object' || header === null || header.version !== 1 || !Array.isArray(header.names))
    return undefined;
  const counts = [header.words, header.values, header.rows, header.pairs, header.weights];
  const fits =
    header.names.length <= LIMITS.slotNames &&
    header.names.every((name) => typeof name === 'string') &&
    counts.every((count) => Number.isInteger(count) && count! >= 0) &&
    typeof header.scale === 'number' &&
    header.scale > 0;
  return fits ? (header as Header) : undefined;
}

/** id, total, number of slots, then slot and count of each. */
function flatten(table: ReadonlyMap<number, Tally>): Int32Array {
  const out: number[] = [];
  for (const [id, { total, slots }] of table) {
    out.push(id, total, slots.size);
    for (const [slot, count] of slots) out.push(slot, count);
  }
  return Int32Array.from(out);
}

function unflatten(list: Int32Array, slots: number): Map<number, Tally> | undefined {
  const out = new Map<number, Tally>();
  for (let at = 0; at < list.length; ) {
    const size = list[at + 2] ?? -1;
    if (size < 0 || size > slots || at + 3 + 2 * size > list.length) return undefined;
    const tally: Tally = { total: list[at + 1]!, slots: new Map() };
    for (let index = at + 3; index < at + 3 + 2 * size; index += 2) {
      if (list[index]! < 0 || list[index]! >= slots) return undefined;
      tally.slots.set(list[index]!, list[index + 1]!);
    }
    out.set(list[at]!, tally);
    at += 3 + 2 * size;
  }
  return out;
}
