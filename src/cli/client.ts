import { AppError, ERROR_CODES, type ErrorCode } from '../base/errors.ts';
import { type SseFrame, SseParser } from '../base/sse.ts';
import { shorten } from '../base/text.ts';
import type { Config } from '../config.ts';
import { readServerFile } from './server-file.ts';
import { adminKey, type ConnectionOptions, clientConfig } from './settings.ts';

const TIMEOUT_MS = 60_000;
/** A dump of a large store takes its time; what counts is that bytes keep coming. */
const PAGE_SIZE = 200;
const BINARY = 'application/octet-stream';

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

/** The control plane of a running server, with the admin key. Every method throws AppError with the server's own message. */
export interface Client {
  readonly url: string;
  get<Answer>(path: string, query?: Query): Promise<Answer>;
  send<Answer>(method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
  /** Follows the cursor of a list to its end, or until there are `max` rows. */
  list<Row>(path: string, query?: Query, max?: number): Promise<Row[]>;
  /** The body of an answer as it comes. */
  stream(path: string): Promise<ReadableStream<Uint8Array>>;
  /** Sends bytes as they are. */
  upload<Answer>(method: 'POST' | 'PUT', path: string, bytes: Uint8Array): Promise<Answer>;
  /** Sends JSON and answers the server-sent events that come back, however long they take. */
  events(path: string, body: unknown): AsyncGenerator<SseFrame>;
}

export interface Target {
  url: string;
  key: string;
}

/** The server to ask: `--url`, TOKENWORKS_URL, or the one that runs on this data folder; undefined when none runs. */
export function findServer(options: ConnectionOptions, config: Config = clientConfig(options)): string | undefined {
  // `url` is TOKENWORKS_URL.
  const given = options.url ?? (config as Config & { url?: string }).url;
  if (given !== undefined) return checkedUrl(given);
  return readServerFile(config.home)?.url;
}

/** Throws AppError when no server runs or there is no admin key. */
export function connect(options: ConnectionOptions): Client {
  const config = clientConfig(options);
  const url = findServer(options, config);
  if (url === undefined) throw notRunning(`No server runs on ${config.home}`);
  return createClient({ url, key: adminKey(config) });
}

export function createClient({ url, key }: Target, request: typeof fetch = fetch): Client {
  async function ask(
    method: string,
    path: string,
    query?: Query,
    body?: unknown,
    timeout_ms: number = TIMEOUT_MS,
    accept?: string,
  ): Promise<Response> {
    const target = new URL(path.replace(/^\//, ''), url.endsWith('/') ? url : `${url}/`);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) target.searchParams.set(name, Array.isArray(value) ? value.join(',') : String(value));
    }
    let response: Response;
    try {
      response = await request(target, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { 'content-type': body instanceof Uint8Array ? BINARY : 'application/json' }),
          ...(accept !== undefined && { accept }),
        },
        body: body === undefined || body instanceof Uint8Array ? (body as RequestInit['body']) : JSON.stringify(body),
        // The key goes to the server that was named and nowhere else.
        redirect: 'error',
        signal: timeout_ms > 0 ? AbortSignal.timeout(timeout_ms) : undefined,
      });
    } catch (error) {
      throw unreachable(url, error);
    }
    if (!response.ok) throw await refusal(response, path);
    return response;
  }

  async function json<Answer>(response: Response, path: string): Promise<Answer> {
    const text = await response.text().catch((error: unknown) => {
      throw unreachable(url, error);
    });
    if (text === '') return undefined as Answer;
    try {
      return JSON.parse(text) as Answer;
    } catch {
      throw new AppError('upstream_error', `${url}${path} did not answer with JSON; is that a Tokenworks server?`);
    }
  }

  return {
    url,
    async get(path, query) {
      return json(await ask('GET', path, query), path);
    },
    async send(method, path, body) {
      return json(await ask(method, path, undefined, body), path);
    },
    async list<Row>(path: string, query: Query = {}, max = Number.POSITIVE_INFINITY) {
      const rows: Row[] = [];
      let cursor: string | undefined;
      do {
        const limit = Math.min(PAGE_SIZE, max - rows.length);
        const page: { data: Row[]; next?: string | null } = await json(
          await ask('GET', path, { ...query, limit, cursor }),
          path,
        );
        rows.push(...page.data);
        cursor = page.next ?? undefined;
      } while (cursor !== undefined && rows.length < max);
      return rows.slice(0, max);
    },
    async stream(path) {
      const response = await ask('GET', path, undefined, undefined, 0);
      if (!response.body) throw new AppError('upstream_error', `${url}${path} answered without a body.`);
      return response.body;
    },
    async upload(method, path, bytes) {
      return json(await ask(method, path, undefined, bytes, 0), path);
    },
    async *events(path, body) {
      const response = await ask('POST', path, undefined, body, 0, 'text/event-stream');
      const parser = new SseParser();
      try {
        for await (const chunk of response.body ?? []) yield* parser.push(chunk);
      } catch (error) {
        throw unreachable(url, error);
      }
      const last = parser.end();
      if (last) yield last;
    },
  };
}

function checkedUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new AppError('invalid_request', `"${text}" is no address of a server; it looks like http://127.0.0.1:8787.`);
  }
  return text.replace(/\/$/, '');
}

function notRunning(what: string): AppError {
  return new AppError('overloaded', `${what}: start it with \`npm start\`, or name another with --url.`);
}

function unreachable(url: string, error: unknown): AppError {
  const cause = (error as { cause?: { code?: string } }).cause?.code;
  if ((error as Error).name === 'TimeoutError')
    return new AppError('upstream_timeout', `${url} did not answer within ${TIMEOUT_MS / 1000} s.`);
  if (cause === 'ECONNREFUSED') return notRunning(`No server listens on ${url}`);
  return new AppError(
    'upstream_error',
    `${url} can't be reached${cause ? ` (${cause})` : ''}: ${(error as Error).message}`,
    { cause: error },
  );
}

/** The server's error body, as an error of ours. Its shape is the called surface's: `{error: {code, message}}`. */
async function refusal(response: Response, path: string): Promise<AppError> {
  const text = await response.text().catch(() => '');
  let error: { code?: string; message?: string; param?: string } = {};
  try {
    error = (JSON.parse(text) as { error?: typeof error }).error ?? {};
  } catch {
    // Not our server, or a proxy before it.
  }
  const code =
    error.code !== undefined && error.code in ERROR_CODES ? (error.code as ErrorCode) : codeOfStatus(response.status);
  const message =
    error.message ??
    `${response.status} ${response.statusText} from ${path}${text ? `: ${shorten(text.replace(/\s+/g, ' '), 200)}` : ''}`;
  return new AppError(code, message, { param: error.param, upstreamStatus: response.status });
}

function codeOfStatus(status: number): ErrorCode {
  const found = Object.entries(ERROR_CODES).find(([, entry]) => entry.status === status);
  return (found?.[0] as ErrorCode | undefined) ?? 'upstream_error';
}
