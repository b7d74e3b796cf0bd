/**
 * A mock of the APIs that providers serve, with pinned usage and faults on demand (`upstream/script.ts`), which keeps the truth about every
 * answer (`upstream/truth.ts`). Importable in tests; as a program: `node bench/mock-upstream.ts --port 9001`.
 *
 * `GET /__truth` → `Truth`, `POST /__reset`. Paths are known by their end, so any base URL works.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { newId } from '../src/base/ids.ts';
import { anthropicMessages } from './upstream/anthropic-messages.ts';
import { type Dialect, objectOf } from './upstream/dialect.ts';
import { geminiEmbeddings, ollamaEmbeddings, openaiEmbeddings } from './upstream/embeddings.ts';
import { geminiGenerate } from './upstream/gemini-generate.ts';
import { ollamaChat } from './upstream/ollama-chat.ts';
import { openaiChat } from './upstream/openai-chat.ts';
import { openaiResponses } from './upstream/openai-responses.ts';
import { makePlan } from './upstream/plan.ts';
import { DEFAULT_SCRIPT, findScript, resolveScript, type Script } from './upstream/script.ts';
import { sendAnswer } from './upstream/send.ts';
import { type Counts, type Truth, TruthBook, type TruthEntry } from './upstream/truth.ts';

export { type Fault, type Script, type ScriptText, scriptPrompt } from './upstream/script.ts';
export type { Counts, Outcome, Truth, TruthEntry } from './upstream/truth.ts';

/** A request as it reached the mock, for tests that look at what a gateway sends. */
export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}

export interface MockOptions {
  /** 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Replaces parts of the default script (12 in, 8 out). */
  script?: Partial<Script>;
  onRequest?(request: SeenRequest): void;
}

export interface MockUpstream {
  /** `http://127.0.0.1:PORT`, without a path. */
  url: string;
  port: number;
  counts(): Counts;
  truth(): Truth;
  reset(): void;
  /** Resolves when no request is open, so that the truth is final. Rejects after `timeout_ms` (default 10,000). */
  idle(timeout_ms?: number): Promise<void>;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** When a route streams: as the body's `stream` says, always, never, or (Ollama) unless the body says false. */
type Streaming = 'body' | 'always' | 'never' | 'unless_false';

const ROUTES: [RegExp, Dialect, Streaming][] = [
  [/\/chat\/completions$/, openaiChat, 'body'],
  [/\/responses$/, openaiResponses, 'body'],
  [/\/embeddings$/, openaiEmbeddings, 'never'],
  [/\/messages$/, anthropicMessages, 'body'],
  [/:streamGenerateContent$/, geminiGenerate, 'always'],
  [/:generateContent$/, geminiGenerate, 'never'],
  [/:batchEmbedContents$/, geminiEmbeddings, 'never'],
  [/\/api\/chat$/, ollamaChat, 'unless_false'],
  [/\/api\/embed$/, ollamaEmbeddings, 'never'],
];

const STREAMS: Record<Streaming, (body: Record<string, unknown>) => boolean> = {
  always: () => true,
  never: () => false,
  body: (body) => body.stream === true,
  unless_false: (body) => body.stream !== false,
};

export async function startMockUpstream(options: MockOptions = {}): Promise<MockUpstream> {
  const book = new TruthBook();
  const arrivals = new Map<string, number>();
  const base: Script = { ...DEFAULT_SCRIPT, ...options.script };
  const reset = (): void => {
    book.reset();
    arrivals.clear();
  };
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0, noDelay: true }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else answerJson(response, 500, problem(String(error)));
    });
  });
  server.on('clientError', (_error, socket) => socket.destroy());

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (request.method === 'GET') return answerGet(path, response, book);
    if (path === '/__reset') {
      reset();
      return answerJson(response, 200, { reset: true });
    }
    const text = await readBody(request);
    if (text === undefined) return answerJson(response, 413, problem('the body is too large'));
    const body = parseObject(text);
    if (!body) return answerJson(response, 400, problem('the body is no JSON object'));
    options.onRequest?.({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
    const side = sideAnswer(path, base);
    if (side) return answerJson(response, 200, side);
    const route = ROUTES.find(([pattern]) => pattern.test(path));
    if (!route) return answerJson(response, 404, problem(`nothing is served at ${path}`));
    await answer(response, path, body, text.includes('#script '), route);
  }

  async function answer(
    response: ServerResponse,
    path: string,
    body: Record<string, unknown>,
    scripted: boolean,
    [, dialect, streaming]: (typeof ROUTES)[number],
  ): Promise<void> {
    const written = scripted ? findScript(body) : undefined;
    const arrival = arrive(arrivals, written?.case);
    const plan = makePlan(newId('mock'), resolveScript(base, written, arrival), {
      model: typeof body.model === 'string' ? body.model : modelInPath(path),
      stream: STREAMS[streaming](body),
      choices: dialect.choices(body),
      limit: dialect.limit(body),
      usageAsked: objectOf(body.stream_options).include_usage === true,
    });
    const entry = openEntry(plan, dialect, path, arrival, written?.case);
    book.open(entry);
    response.once('finish', () => book.close(entry, finished(plan.script)));
    response.once('close', () => book.close(entry, 'client_gone'));
    await sendAnswer({ response, dialect, plan, entry, book, gone: () => response.destroyed }, body);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', 4096, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host ?? '127.0.0.1'}:${port}`,
    port,
    counts: () => book.counts(),
    truth: () => book.read(),
    reset,
    idle: (timeout_ms = 10_000) => untilIdle(book, timeout_ms),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What an answer is that went out to its end; a malformed one is still no whole one. */
function finished(script: Script): 'whole' | 'broken' | 'refused' {
  if (script.status !== 200) return 'refused';
  return script.fault === 'malformed' ? 'broken' : 'whole';
}

/** How often this case had arrived before. */
function arrive(arrivals: Map<string, number>, name: string | undefined): number {
  if (name === undefined) return 0;
  const before = arrivals.get(name) ?? 0;
  arrivals.set(name, before + 1);
  return before;
}

/** POSTs that are answered without usage. */
function sideAnswer(path: string, base: Script): unknown {
  if (path.endsWith('/messages/count_tokens')) return { input_tokens: base.input };
  if (path.endsWith('/api/show')) return { details: {}, model_info: {}, capabilities: ['completion', 'tools'] };
  return undefined;
}

function problem(message: string): unknown {
  return { error: { message: `mock upstream: ${message}` } };
}

function openEntry(
  plan: ReturnType<typeof makePlan>,
  dialect: Dialect,
  path: string,
  arrival: number,
  name: string | undefined,
): TruthEntry {
  const { raw, vector } = dialect.usage(plan);
  return {
    id: plan.id,
    ...(name === undefined ? {} : { case: name }),
    arrival,
    protocol: dialect.name,
    path,
    model: plan.model,
    stream: plan.stream,
    fault: plan.script.fault,
    status: plan.script.status,
    usage: vector,
    rawUsage: raw,
    usageSent: false,
    framesSent: 0,
    frames: 0,
    outcome: 'open',
    start_ms: performance.now(),
  };
}

function modelInPath(path: string): string {
  return /\/models\/([^/:]+):/.exec(path)?.[1] ?? 'unknown';
}

/** The body as text; undefined when it is over the limit. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function answerGet(path: string, response: ServerResponse, book: TruthBook): void {
  const found = documentAt(path, book);
  answerJson(response, found ? 200 : 404, found ?? problem(`nothing is served at ${path}`));
}

function documentAt(path: string, book: TruthBook): unknown {
  if (path === '/') return { mock: 'upstream' };
  if (path === '/__truth') return book.read();
  if (path.endsWith('/models')) {
    const model = { id: 'test-model', object: 'model', created: 0, owned_by: 'mock', type: 'model' };
    return { object: 'list', data: [model], models: [{ name: 'models/test-model' }], has_more: false };
  }
  if (path === '/api/tags') return { models: [{ name: 'test-model', model: 'test-model' }] };
  if (path === '/api/version') return { version: '0.0.0-mock' };
  return undefined;
}

function answerJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

async function untilIdle(book: TruthBook, timeout_ms: number): Promise<void> {
  const end = performance.now() + timeout_ms;
  while (book.counts().inflight > 0) {
    if (performance.now() > end) throw new Error(`mock upstream: ${book.counts().inflight} requests are still open`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '9001' }, host: { type: 'string' } } });
  const mock = await startMockUpstream({ port: Number(values.port), host: values.host });
  console.log(JSON.stringify({ url: mock.url, port: mock.port, pid: process.pid }));
  const stop = (): void => void mock.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
