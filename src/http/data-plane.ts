/**
 * The hot path: bytes in, bytes out, straight on node:http. Everything else is the control plane's (app.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, toAppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { sendError } from '../gateway/answer.ts';
import type { Call } from '../gateway/call.ts';
import type { Dialect } from '../gateway/errors.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Guard } from './guard.ts';
import { HttpSink } from './http-sink.ts';

interface DataRoute {
  surface: Call['surface'];
  dialect: Dialect;
}

const ROUTES: ReadonlyMap<string, DataRoute> = new Map([
  ['/v1/chat/completions', { surface: 'chat', dialect: 'openai' }],
  ['/v1/responses', { surface: 'responses', dialect: 'openai' }],
  ['/v1/embeddings', { surface: 'embeddings', dialect: 'openai' }],
  ['/v1/messages', { surface: 'messages', dialect: 'anthropic' }],
  ['/api/v3/chat/completions', { surface: 'chat', dialect: 'ark' }],
  ['/api/v3/responses', { surface: 'responses', dialect: 'ark' }],
  ['/api/v3/embeddings', { surface: 'embeddings', dialect: 'ark' }],
]);

/** Headers that go on to a provider of the same protocol. */
const FORWARDED = ['anthropic-beta', 'anthropic-version', 'openai-beta'] as const;

export interface DataPlane {
  /** True when the path is the data plane's; then the call is answered here. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

/** A body that is larger than this, or does not say, is not read for a caller whose key is not known. */
const UNCHECKED_BYTES = 64 * 1024;
/** Bodies of the largest size that may be held at a time, all calls together. */
const MAX_BODIES_HELD = 32;

/** `authenticate` throws for a key that is not known here. */
export function createDataPlane(
  gateway: Gateway,
  guard: Guard,
  maxBodyBytes: number,
  authenticate: (secret: string | undefined) => unknown,
): DataPlane {
  let held = 0;
  return {
    handle(request, response) {
      const path = pathOf(request.url!);
      const route = ROUTES.get(path);
      if (!route || request.method !== 'POST') return false;
      void serve(request, response, route, path);
      return true;
    },
  };

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    route: DataRoute,
    path: string,
  ): Promise<void> {
    const sink = new HttpSink(response);
    let body: Buffer;
    let size = 0;
    try {
      guard.check(request.headers, 'POST');
      if (!(Number(request.headers['content-length']) <= UNCHECKED_BYTES)) {
        await authenticate(secretOf(request.headers.authorization, request.headers['x-api-key']));
      }
      body = await readBody(request, maxBodyBytes, (bytes) => {
        if (held + bytes > maxBodyBytes * MAX_BODIES_HELD) {
          throw new AppError('overloaded', 'Too many large bodies are being sent to this server at once.', {
            retryAfter_s: 1,
          });
        }
        held += bytes;
        size += bytes;
      });
    } catch (error) {
      held -= size;
      const failure = toAppError(error);
      // What is still coming of a body that is not wanted is not worth reading.
      const close: Record<string, string> = request.complete ? {} : { connection: 'close' };
      sendError(sink, route, failure, newId('op'), close);
      if (!request.complete) request.resume();
      return;
    }
    try {
      await gateway.handle(callOf(request, route, path, body), sink);
    } finally {
      held -= size;
    }
  }
}

/** The path of a request line. Its usual form is cut, not parsed; a proxy's absolute form and dots come to the same place as everywhere. */
function pathOf(url: string): string {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  if (ROUTES.has(path)) return path;
  return (URL.parse(url, 'http://local')?.pathname ?? path).replace(/\/$/, '');
}

function callOf(request: IncomingMessage, route: DataRoute, path: string, body: Buffer): Call {
  const headers = request.headers;
  const call: Call = {
    surface: route.surface,
    dialect: route.dialect,
    path,
    secret: secretOf(headers.authorization, headers['x-api-key']),
    body,
    tags: one(headers['x-tokenworks-tags']),
    user: one(headers['x-tokenworks-user']),
    maxCost: one(headers['x-tokenworks-max-cost']),
    idempotencyKey: one(headers['idempotency-key']),
  };
  for (const name of FORWARDED) {
    const value = one(headers[name]);
    if (value !== undefined) call.forward = { ...call.forward, [name]: value };
  }
  return call;
}

export function secretOf(authorization: string | undefined, apiKey: string | string[] | undefined): string | undefined {
  if (authorization && /^bearer /i.test(authorization)) return authorization.slice(7).trim();
  return one(apiKey);
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** `take` is told of every piece before it is kept, and may refuse it by throwing. */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  take: (bytes: number) => void = () => {},
): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (encoding && encoding !== 'identity') {
    return Promise.reject(
      new AppError('invalid_request', 'The body is compressed; send it as it is.', { param: 'content-encoding' }),
    );
  }
  const tooLarge = () =>
    new AppError('too_large', `The body is larger than ${Math.floor(maxBytes / 1024 / 1024)} MB (server.max_body_mb).`);
  const length = Number(request.headers['content-length']);
  if (length > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let refused = false;
    request.on('data', (chunk: Buffer) => {
      if (refused) return;
      size += chunk.length;
      try {
        if (size > maxBytes) throw tooLarge();
        take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        refused = true;
        chunks.length = 0;
        reject(error);
      }
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    request.on('error', () => reject(new AppError('invalid_request', 'The body ended before it was whole.')));
    request.on('aborted', () => reject(new AppError('invalid_request', 'The body ended before it was whole.')));
  });
}
