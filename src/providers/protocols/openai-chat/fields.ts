/** Readers for fields of a caller's JSON: the value in the type wanted, undefined where absent or null, or an error that names the path. */
import { AppError } from '../../../base/errors.ts';
import type { Json, JsonObject } from '../../protocol.ts';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An `invalid_request` about the field at `path`. */
export function invalid(path: string, message: string): AppError {
  return new AppError('invalid_request', `${path}: ${message}`, { param: path });
}

export function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

export function optString(from: JsonObject, key: string, path: string): string | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(join(path, key), 'must be a string.');
  return value;
}

export function needString(from: JsonObject, key: string, path: string): string {
  const value = optString(from, key, path);
  if (value === undefined) throw invalid(join(path, key), 'is required and must be a string.');
  return value;
}

export function optBoolean(from: JsonObject, key: string, path: string): boolean | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalid(join(path, key), 'must be true or false.');
  return value;
}

export function optNumber(from: JsonObject, key: string, path: string): number | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(join(path, key), 'must be a number.');
  return value;
}

export function optInteger(from: JsonObject, key: string, path: string, minimum: number): number | undefined {
  const value = optNumber(from, key, path);
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || value < minimum) {
    throw invalid(join(path, key), `must be a whole number of at least ${minimum}.`);
  }
  return value;
}

export function optObject(from: JsonObject, key: string, path: string): JsonObject | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid(join(path, key), 'must be an object.');
  return value;
}

export function needObject(value: Json | undefined, path: string): JsonObject {
  if (!isObject(value)) throw invalid(path, 'must be an object.');
  return value;
}

export function optArray(from: JsonObject, key: string, path: string): Json[] | undefined {
  const value = from[key];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw invalid(join(path, key), 'must be an array.');
  return value;
}

export function optChoice<T extends string>(
  from: JsonObject,
  key: string,
  path: string,
  allowed: readonly T[],
): T | undefined {
  const value = optString(from, key, path);
  if (value === undefined) return undefined;
  if (!(allowed as readonly string[]).includes(value)) {
    throw invalid(join(path, key), `must be one of ${allowed.join(', ')}.`);
  }
  return value as T;
}

/** `metadata`: up to any number of string values by name. */
export function optMetadata(from: JsonObject): { [key: string]: string } | undefined {
  const value = optObject(from, 'metadata', '');
  if (value === undefined) return undefined;
  for (const key of Object.keys(value)) {
    if (typeof value[key] !== 'string') throw invalid(`metadata.${key}`, 'must be a string.');
  }
  return value as { [key: string]: string };
}

/** The fields of `body` that `known` has no word for; nulls mean "not set" and are left out. */
export function extraFields(body: JsonObject, known: ReadonlySet<string>): JsonObject {
  const extra: JsonObject = {};
  for (const key of Object.keys(body)) {
    if (!known.has(key) && body[key] !== null && body[key] !== undefined) extra[key] = body[key]!;
  }
  return extra;
}

/** A `data:` URL in its parts, or undefined when the text is none or is not base64. */
export function readDataUrl(url: string): { mediaType: string; data: string } | undefined {
  if (!/^data:/i.test(url)) return undefined;
  const comma = url.indexOf(',');
  if (comma < 0) return undefined;
  const head = url.slice(5, comma);
  if (!/;base64$/i.test(head)) return undefined;
  const mediaType = head.slice(0, head.indexOf(';')) || 'text/plain';
  return { mediaType, data: url.slice(comma + 1) };
}

export function dataUrl(mediaType: string, data: string): string {
  return `data:${mediaType};base64,${data}`;
}
