/**
 * The hot path: bytes in, bytes out, straight on node:http. Everything else is the control plane's (app.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, toAppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { Call } from '../gateway/call.ts';
import type { Dialect } from '../gateway/errors.ts';
import { type Gateway, sendError } from '../gateway/gateway.ts';
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

export function createDataPlane(gateway: Gateway, guard: Guard, maxBodyBytes: number): DataPlane {
  return {
    handle(request, response) {
      const url = request.url!;
      const query = url.indexOf('?');
      const path = query < 0 ? url : url.slice(0, query);
      const route = ROUTES.get(path);
      if (!route || request.method !== 'POST') return false;
      void serve(request, response, route, path);
      return true;
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse, route: DataRoute, path: string): Promise<void> {
    const sink = new HttpSink(response);
    let body: Buffer;
    try {
      guard.check(request.headers, 'POST');
      body = await readBody(request, maxBodyBytes);
    } catch (error) {
      const failure = toAppError(error);
      // What is still coming of a body that is too large is not worth reading.
      const close: Record<string, string> = failure.code === 'too_large' ? { connection: 'close' } : {};
      sendError(sink, route, failure, newId('op'), close);
      return;
    }
    await gateway.handle(callOf(request, route, path, body), sink);
  }
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
    if (value !== undefined) (call.forward ??= {})[name] = value;
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

export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (encoding && encoding !== 'identity') {
    return Promise.reject(new AppError('invalid_request', 'The body is compressed; send it as it is.', { param: 'content-encoding' }));
  }
  const tooLarge = () => new AppError('too_large', `The body is larger than ${Math.floor(maxBytes / 1024 / 1024)} MB (server.max_body_mb).`);
  const length = Number(request.headers['content-length']);
  if (length > maxBytes) {
    request.resume();
    return Promise.reject(tooLarge());
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        chunks.length = 0;
        reject(tooLarge());
        return;
      }
      chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    request.on('error', () => reject(new AppError('invalid_request', 'The body ended before it was whole.')));
    request.on('aborted', () => reject(new AppError('invalid_request', 'The body ended before it was whole.')));
  });
}
