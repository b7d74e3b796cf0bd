import { AppError } from '../base/errors.ts';

export interface DataUrl {
  /** Lower case, without parameters; `text/plain` when the URL has none (RFC 2397). */
  mediaType: string;
  bytes: Buffer;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** A media type and its parameters are short; a comma further on is part of something else. */
const MAX_HEAD_CHARACTERS = 512;

export function isDataUrl(text: string): boolean {
  return text.slice(0, 5).toLowerCase() === 'data:';
}

/**
 * Reads a `data:` URL, which needs no request. `param` is the field it came from.
 * Throws AppError `invalid_request`, or `too_large` when it holds more than `maxBytes`.
 */
export function readDataUrl(text: string, maxBytes: number, param?: string): DataUrl {
  const invalid = (problem: string) => new AppError('invalid_request', `The data URL ${problem}.`, { param });
  const comma = isDataUrl(text) ? text.slice(0, MAX_HEAD_CHARACTERS).indexOf(',') : -1;
  if (comma < 0) throw invalid('must have the form data:image/png;base64,…');
  const head = text
    .slice(5, comma)
    .split(';')
    .map((each) => each.trim().toLowerCase());
  const isBase64 = head.length > 1 && head.at(-1) === 'base64';
  const payload = text.slice(comma + 1);
  const mostBytes = isBase64 ? Math.floor((payload.length * 3) / 4) - 2 : Math.floor(payload.length / 3);
  if (mostBytes > maxBytes && !payload.includes('%')) throw tooLarge(maxBytes, param);
  const bytes = isBase64 ? fromBase64(payload, invalid) : Buffer.from(percentDecode(payload, invalid), 'latin1');
  if (bytes.length > maxBytes) throw tooLarge(maxBytes, param);
  return { mediaType: head[0] || 'text/plain', bytes };
}

type Invalid = (problem: string) => AppError;

function fromBase64(payload: string, invalid: Invalid): Buffer {
  const plain = payload.includes('%') ? percentDecode(payload, invalid) : payload;
  const trimmed = /\s/.test(plain) ? plain.replace(/\s+/g, '') : plain;
  if (!BASE64.test(trimmed)) throw invalid('has characters that are not base64');
  return Buffer.from(trimmed, 'base64');
}

/** Percent-decoded to one character per byte. */
function percentDecode(payload: string, invalid: Invalid): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(payload)) throw invalid('has a % that is not followed by two hexadecimal digits');
  const utf8 = Buffer.from(payload, 'utf8').toString('latin1');
  return utf8.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function tooLarge(maxBytes: number, param: string | undefined): AppError {
  return new AppError('too_large', `The data URL holds more than ${maxBytes} bytes.`, { param });
}
