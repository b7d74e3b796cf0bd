/**
 * Byte surgery on JSON: top-level members of an object are changed, added or removed without parsing or rewriting the rest,
 * so that a client's body reaches the provider as the client wrote it.
 */
import { AppError } from '../../base/errors.ts';
import type { Json } from '../protocol.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
/** Strings longer than this are searched natively: base64 media and long prompts are then skipped at memory speed. */
const SHORT_STRING_BYTES = 48;

interface Member {
  key: string;
  start: number;
  valueStart: number;
  end: number;
}

interface Members {
  /** Index of the opening brace. */
  open: number;
  list: Member[];
}

/**
 * `bytes` (UTF-8 JSON whose top level is an object starting at or after `from`) with these members changed. `undefined` removes a member,
 * a value replaces it, or adds it where it was missing. Of a key that occurs more than once the last one counts
 * (as JSON.parse reads it): it is changed and the others are removed. What stands before `from` and after the object stays.
 * Returns `bytes` itself when nothing changes. Throws AppError `invalid_request` when the text is no JSON object.
 */
export function spliceTopLevel(
  bytes: Uint8Array,
  changes: Record<string, Json | undefined>,
  from: number = 0,
): Uint8Array {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { open, list } = topLevelMembers(buffer, from);
  const last = new Map<string, number>();
  for (let index = 0; index < list.length; index++) {
    if (Object.hasOwn(changes, list[index]!.key)) last.set(list[index]!.key, index);
  }
  const added = additions(changes, last);
  if (last.size === 0 && added === '') return bytes;

  const stays = (index: number): boolean => {
    const position = last.get(list[index]!.key);
    return position === undefined || (position === index && changes[list[index]!.key] !== undefined);
  };
  let lastKept = list.length - 1;
  while (lastKept >= 0 && !stays(lastKept)) lastKept--;

  const pieces: Uint8Array[] = [buffer.subarray(0, open + 1)];
  if (added !== '') pieces.push(Buffer.from(lastKept >= 0 ? `${added},` : added));
  let copied = open + 1;
  for (let index = 0; index <= lastKept; index++) {
    const member = list[index]!;
    if (!stays(index)) {
      pieces.push(buffer.subarray(copied, member.start));
      copied = list[index + 1]!.start;
    } else if (last.has(member.key)) {
      pieces.push(buffer.subarray(copied, member.valueStart), Buffer.from(JSON.stringify(changes[member.key])));
      copied = member.end;
    }
  }
  if (lastKept < list.length - 1) {
    if (lastKept >= 0) pieces.push(buffer.subarray(copied, Math.max(copied, list[lastKept]!.end)));
    copied = list.at(-1)!.end;
  }
  pieces.push(buffer.subarray(copied));
  return Buffer.concat(pieces);
}

function additions(changes: Record<string, Json | undefined>, present: Map<string, number>): string {
  let text = '';
  for (const key of Object.keys(changes)) {
    if (changes[key] === undefined || present.has(key)) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${JSON.stringify(changes[key])}`;
  }
  return text;
}

function topLevelMembers(buffer: Buffer, from: number): Members {
  const list: Member[] = [];
  const open = skipSpace(buffer, from);
  if (buffer[open] !== OPEN_BRACE) throw malformed();
  let at = skipSpace(buffer, open + 1);
  if (buffer[at] === CLOSE_BRACE) return { open, list };
  while (true) {
    if (buffer[at] !== QUOTE) throw malformed();
    const keyEnd = skipString(buffer, at);
    const key = readKey(buffer, at, keyEnd);
    const colon = skipSpace(buffer, keyEnd);
    if (buffer[colon] !== COLON) throw malformed();
    const valueStart = skipSpace(buffer, colon + 1);
    const end = skipValue(buffer, valueStart);
    if (end === valueStart) throw malformed();
    list.push({ key, start: at, valueStart, end });
    at = skipSpace(buffer, end);
    if (buffer[at] === CLOSE_BRACE) return { open, list };
    if (buffer[at] !== COMMA) throw malformed();
    at = skipSpace(buffer, at + 1);
  }
}

function readKey(buffer: Buffer, start: number, end: number): string {
  for (let index = start + 1; index < end - 1; index++) {
    if (buffer[index] === BACKSLASH) {
      try {
        return JSON.parse(buffer.toString('utf8', start, end)) as string;
      } catch {
        throw malformed();
      }
    }
  }
  return buffer.toString('utf8', start + 1, end - 1);
}

function skipSpace(buffer: Buffer, from: number): number {
  let at = from;
  while (at < buffer.length) {
    const byte = buffer[at]!;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at++;
  }
  return at;
}

/** Index past the closing quote of the string that opens at `from`. */
function skipString(buffer: Buffer, from: number): number {
  const near = Math.min(buffer.length, from + 1 + SHORT_STRING_BYTES);
  let at = from + 1;
  while (at < near) {
    const byte = buffer[at]!;
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  // `at` is never inside an escape here, so counting the backslashes down to it is enough.
  const floor = at;
  for (let quote = buffer.indexOf(QUOTE, at); quote >= 0; quote = buffer.indexOf(QUOTE, quote + 1)) {
    let slashes = 0;
    while (quote - 1 - slashes >= floor && buffer[quote - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
  }
  throw malformed();
}

/** Index past the value that starts at `from`. */
function skipValue(buffer: Buffer, from: number): number {
  const first = buffer[from];
  if (first === QUOTE) return skipString(buffer, from);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return skipScalar(buffer, from);
  let depth = 0;
  let at = from;
  while (at < buffer.length) {
    const byte = buffer[at]!;
    if (byte === QUOTE) {
      at = skipString(buffer, at);
      continue;
    }
    at++;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at;
  }
  throw malformed();
}

function skipScalar(buffer: Buffer, from: number): number {
  let at = from;
  while (at < buffer.length) {
    const byte = buffer[at]!;
    // Space, comma or a closing brace ends a number, true, false or null.
    if (byte <= 0x20 || byte === COMMA || byte === CLOSE_BRACE) break;
    at++;
  }
  return at;
}

function malformed(): AppError {
  return new AppError('invalid_request', 'The body is no JSON object; send one, such as {"model": "…"}.');
}
