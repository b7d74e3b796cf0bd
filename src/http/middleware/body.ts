/** Reads and checks what callers send; every failure names the field. */
import type { Context } from 'hono';
import type { z } from 'zod';
import { AppError } from '../../base/errors.ts';

const LARGE_BYTES = 256 * 1024;

/** Reads a JSON body of at most `maxBytes`. Content types don't matter: curl sends a form's unless told otherwise. */
export async function readJson(context: Context, maxBytes: number): Promise<unknown> {
  return parseJson(await readBytes(context.req.raw, maxBytes));
}

/** Throws AppError `invalid_request`. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new AppError('invalid_request', 'The body is empty; a JSON object is needed.');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new AppError('invalid_request', 'The body is not valid JSON.');
  }
}

/** The body as it came, at most `maxBytes`. Throws AppError `too_large`, and `invalid_request` where it is compressed. */
export async function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  const encoding = request.headers.get('content-encoding');
  if (encoding && encoding !== 'identity') {
    throw new AppError('invalid_request', 'The body is compressed; send it as it is.', { param: 'content-encoding' });
  }
  const tooLarge = () => new AppError('too_large', `The body is larger than ${sizeOf(maxBytes)}.`);
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > maxBytes) throw tooLarge();
  if (!request.body) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Filled as it comes: to join megabytes in the end would hold everybody up.
  const whole = announced >= LARGE_BYTES ? Buffer.allocUnsafeSlow(announced) : undefined;
  const reader = request.body.getReader();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return whole ? whole.subarray(0, size) : Buffer.concat(chunks, size);
    const at = size;
    size += value.length;
    if (size > maxBytes) {
      void reader.cancel().catch(() => {});
      throw tooLarge();
    }
    if (whole && size <= whole.length) whole.set(value, at);
    else chunks.push(value);
  }
}

function sizeOf(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.floor(bytes / 1024)} kB` : `${Math.floor(bytes / 1024 / 1024)} MB`;
}

/** Throws AppError `invalid_request` with the offending field's path as `param`. */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    const param = pathOf([...issue.path, issue.keys[0]!]);
    throw new AppError('invalid_request', `Unknown field "${shown(param)}".`, { param: shown(param) });
  }
  const param = pathOf(issue.path);
  throw new AppError(
    'invalid_request',
    param ? `${shown(param)}: ${issue.message}.` : `The body: ${issue.message}.`,
    param ? { param: shown(param) } : {},
  );
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text ? `${text}.${String(step)}` : String(step)),
    '',
  );
}

/** A name from outside, safe to repeat in a message. */
function shown(name: string): string {
  return name.replace(/[^\p{L}\p{N}._:/@[\]-]/gu, '?').slice(0, 100);
}

/** The query as one value per name. Throws AppError `invalid_request` where a name comes twice. */
export function readQuery(url: string): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of new URL(url).searchParams) {
    if (Object.hasOwn(query, name))
      throw new AppError('invalid_request', `"${shown(name)}" is given twice.`, { param: shown(name) });
    query[name] = value;
  }
  return query;
}
