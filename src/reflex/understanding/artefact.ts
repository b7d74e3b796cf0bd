/** A model as bytes: a mark, a JSON header, and named typed arrays, each at a multiple of four. Little-endian. */
import { AppError } from '../../base/errors.ts';
import { LIMITS } from '../types.ts';

const MAGIC = 'RFX2';
const KINDS = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
} as const;
type Kind = keyof typeof KINDS;
export type Section = Uint8Array | Int8Array | Uint16Array | Int32Array | Uint32Array | Float32Array;
export type Sections = Record<string, Section>;

interface Entry {
  name: string;
  kind: Kind;
  length: number;
}

function kindOf(section: Section): Kind {
  return (Object.keys(KINDS) as Kind[]).find((kind) => section instanceof KINDS[kind])!;
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** `RFX2`, length of the JSON, `{header, sections}`, the sections in their order. */
export function encodeArtefact(header: object, sections: Sections): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(sections).map(
    ([name, section]): Entry => ({ name, kind: kindOf(section), length: section.length }),
  );
  const json = Buffer.from(JSON.stringify({ header, sections: entries }), 'utf8');
  const total = Object.values(sections).reduce(
    (sum, section) => sum + aligned(section.byteLength),
    8 + aligned(json.length),
  );
  const out = new Uint8Array(total);
  out.set(Buffer.from(MAGIC, 'latin1'), 0);
  new DataView(out.buffer).setUint32(4, json.length, true);
  out.set(json, 8);
  let at = 8 + aligned(json.length);
  for (const section of Object.values(sections)) {
    out.set(new Uint8Array(section.buffer, section.byteOffset, section.byteLength), at);
    at += aligned(section.byteLength);
  }
  return out;
}

export function notAModel(what: string): AppError {
  return new AppError('invalid_request', `These bytes are no Reflex model: ${what}.`, { param: 'bytes' });
}

/** Typed arrays over a copy of their own: nobody else may change it. Throws AppError `invalid_request` where the bytes are no artefact. */
export function decodeArtefact(bytes: Uint8Array): { header: unknown; sections: Sections } {
  if (
    bytes.length < 12 ||
    bytes.length > LIMITS.modelBytes ||
    Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== MAGIC
  )
    throw notAModel(`the mark ${MAGIC} is missing`);
  const own = bytes.slice();
  const length = new DataView(own.buffer).getUint32(4, true);
  if (8 + length > own.length) throw notAModel('the header is cut');
  let parsed: { header?: unknown; sections?: unknown };
  try {
    parsed = JSON.parse(Buffer.from(own.buffer, 8, length).toString('utf8')) as typeof parsed;
  } catch {
    throw notAModel('the header is no JSON');
  }
  if (!parsed || !Array.isArray(parsed.sections)) throw notAModel('the header lists no sections');
  const sections: Sections = {};
  let at = 8 + aligned(length);
  for (const { name, kind, length: size } of parsed.sections as Entry[]) {
    const type = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
    if (!type || typeof name !== 'string' || !Number.isInteger(size) || size < 0)
      throw notAModel('a section has no shape');
    const end = at + size * type.BYTES_PER_ELEMENT;
    if (end > own.length) throw notAModel('a section is cut');
    sections[name] = new type(own.buffer, at, size);
    at += aligned(size * type.BYTES_PER_ELEMENT);
  }
  if (at !== own.length) throw notAModel('the length does not fit the header');
  return { header: parsed.header, sections };
}
