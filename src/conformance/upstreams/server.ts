/** One HTTP server that speaks every provider's format, says what it is told to, and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, type Format, says } from './answer.ts';
import { anthropicMessages } from './anthropic-messages.ts';
import { bedrockConverse } from './bedrock-converse.ts';
import { embeddings } from './embeddings.ts';
import { geminiGenerate } from './gemini-generate.ts';
import { ollamaChat } from './ollama-chat.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';

type Body = Record<string, unknown>;

export interface Seen {
  path: string;
  headers: IncomingHttpHeaders;
  body: Body;
  /** The body as it came. */
  text: string;
  /** What it was answered with. */
  reply: string;
}

export interface ScriptedUpstream {
  url: string;
  /** What every call is answered with until it is set anew. */
  answer: Answer;
  seen: Seen[];
  last(): Seen | undefined;
  /** Resolves when a caller has gone away from a stream that hangs. */
  abandoned(): Promise<void>;
  close(): Promise<void>;
}

type Streaming = (body: Body) => boolean;
const always: Streaming = () => true;
const never: Streaming = () => false;
const asked: Streaming = (body) => body.stream === true;

const CHAT: [RegExp, Format, Streaming][] = [
  [/\/chat\/completions$/, openaiChat, asked],
  [/\/responses$/, openaiResponses, asked],
  [/\/messages$/, anthropicMessages, asked],
  [/:rawPredict$/, anthropicMessages, never],
  [/:streamRawPredict$/, anthropicMessages, always],
  [/:generateContent$/, geminiGenerate, never],
  [/:streamGenerateContent$/, geminiGenerate, always],
  [/\/api\/chat$/, ollamaChat, (body) => body.stream !== false],
  [/\/converse$/, bedrockConverse, never],
  [/\/converse-stream$/, bedrockConverse, always],
];

const EMBEDDINGS: [RegExp, (body: Body) => unknown][] = [
  [/\/embeddings$/, embeddings.openai],
  [/:batchEmbedContents$/, embeddings.gemini],
  [/:predict$/, embeddings.vertex],
  [/\/api\/embed$/, embeddings.ollama],
];

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  let leave: () => void = () => undefined;
  const untilGone = (): Promise<void> =>
    new Promise((resolve) => {
      leave = resolve;
    });
  let gone = untilGone();
  const upstream: ScriptedUpstream = {
    url: '',
    answer: says('Hello.'),
    seen: [],
    last: () => upstream.seen.at(-1),
    abandoned: () =>
      gone.then(() => {
        gone = untilGone();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const path = (request.url ?? '').split('?', 1)[0]!;
    const text = Buffer.concat(chunks).toString('utf8');
    const body = (text === '' ? {} : JSON.parse(text)) as Body;
    const seen: Seen = { path: request.url ?? '', headers: request.headers, body, text, reply: '' };
    if (request.method === 'POST') upstream.seen.push(seen);
    response.once('close', () => {
      if (!response.writableFinished) leave();
    });
    respond(response, path, seen, upstream.answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return upstream;
}

function respond(response: ServerResponse, path: string, seen: Seen, answer: Answer): void {
  const route = CHAT.find(([pattern]) => pattern.test(path));
  if (!answer.failure && route?.[2](seen.body)) {
    stream(response, route[1], seen, answer);
    return;
  }
  const { status, body, headers } = answer.failure ?? wholeAnswer(path, route?.[1], seen.body, answer);
  seen.reply = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(seen.reply);
}

function wholeAnswer(
  path: string,
  format: Format | undefined,
  body: Body,
  answer: Answer,
): NonNullable<Answer['failure']> {
  if (format) return { status: 200, body: format.reply(answer, body) };
  const vectors = EMBEDDINGS.find(([pattern]) => pattern.test(path));
  if (vectors) return { status: 200, body: vectors[1](body) };
  return { status: 404, body: { error: { message: `nothing is served at ${path}` } } };
}

function stream(response: ServerResponse, format: Format, seen: Seen, answer: Answer): void {
  response.writeHead(200, { 'content-type': format.streamType });
  const frames = format.frames(answer, seen.body);
  const sent = answer.hang || answer.breaks ? frames.slice(0, Math.ceil(frames.length / 2)) : frames;
  for (const frame of sent) {
    seen.reply += typeof frame === 'string' ? frame : '';
    response.write(frame);
  }
  if (!answer.hang) response.end();
}

/** The failure of `status` in the shape of the protocol that a path belongs to. */
export function failureFor(protocol: string, status: number, message: string, param?: string): unknown {
  const formats: Record<string, Format> = {
    anthropic: anthropicMessages,
    'vertex-claude': anthropicMessages,
    gemini: geminiGenerate,
    vertex: geminiGenerate,
    ollama: ollamaChat,
    bedrock: bedrockConverse,
  };
  return (formats[protocol] ?? openaiChat).error(status, message, param);
}
