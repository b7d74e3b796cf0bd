/** Reading a client's JSON with errors that name the field: every reader throws AppError `invalid_request` with the path as `param`. */
import { AppError } from '../../../base/errors.ts';
import type { Json, JsonObject } from '../../protocol.ts';

export function invalid(path: string, message: string): AppError {
  return new AppError('invalid_request', `${path}: ${message}`, { param: path });
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectAt(value: Json | undefined, path: string): JsonObject {
  if (!isObject(value)) throw invalid(path, 'must be an object.');
  return value;
}

export function arrayAt(value: Json | undefined, path: string): Json[] {
  if (!Array.isArray(value)) throw invalid(path, 'must be an array.');
  return value;
}

export function stringAt(value: Json | undefined, path: string): string {
  if (typeof value !== 'string') throw invalid(path, 'must be a string.');
  return value;
}

/** A field that may be absent or null. */
export function optional<T>(
  value: Json | undefined,
  path: string,
  read: (value: Json | undefined, path: string) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : read(value, path);
}

export function booleanAt(value: Json | undefined, path: string): boolean {
  if (typeof value !== 'boolean') throw invalid(path, 'must be true or false.');
  return value;
}

export function numberAt(value: Json | undefined, path: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(path, 'must be a number.');
  return value;
}

export function countAt(value: Json | undefined, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalid(path, 'must be a whole number, 0 or more.');
  }
  return value;
}
