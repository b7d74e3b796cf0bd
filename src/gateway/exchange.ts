import type { Dispatcher } from 'undici';
import { AppError } from '../base/errors.ts';

/** One HTTP exchange with an upstream, over undici's dispatch (fetch costs several times as much). */
export interface ExchangeRequest {
  url: URL;
  method: 'POST' | 'GET';
  headers: Record<string, string>;
  body?: Uint8Array | string;
  /** Until the first byte of the answer; undici's own clock, no timer of ours. */
  headersTimeout_ms: number;
  /** Between two pieces of the answer. */
  bodyTimeout_ms: number;
}

export type ResponseHeaders = Record<string, string | string[] | undefined>;

export interface BodyConsumer {
  /** False asks for a pause until `resume`. */
  data(chunk: Buffer): boolean;
  end(): void;
  fail(error: AppError): void;
}

type Controller = Dispatcher.DispatchController;

export class Exchange implements Dispatcher.DispatchHandler {
  status = 0;
  headers: ResponseHeaders = {};
  #controller: Controller | undefined;
  #consumer: BodyConsumer | undefined;
  #early: Buffer[] = [];
  #ended = false;
  #failure: AppError | undefined;
  #aborted = false;
  #answered!: () => void;
  #refused!: (error: AppError) => void;
  /** Resolves once status and headers are there. */
  readonly answer: Promise<void>;

  constructor(pool: Dispatcher, request: ExchangeRequest) {
    this.answer = new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#refused = reject;
    });
    // Whoever waits for the answer sees the refusal; nobody else has to.
    this.answer.catch(() => {});
    pool.dispatch(
      {
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        headersTimeout: request.headersTimeout_ms,
        bodyTimeout: request.bodyTimeout_ms,
      },
      this,
    );
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#aborted) controller.abort(new Error('the caller went away'));
  }

  onResponseStart(_controller: Controller, status: number, headers: ResponseHeaders): void {
    // Early hints and other informational answers come before the real one.
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    this.#answered();
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (!this.#consumer) {
      this.#early.push(chunk);
      return;
    }
    if (!this.#consumer.data(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#ended = true;
    this.#consumer?.end();
  }

  onResponseError(_controller: Controller, error: Error): void {
    const failure = toUpstreamError(error);
    this.#failure = failure;
    if (this.status === 0) this.#refused(failure);
    else this.#consumer?.fail(failure);
  }

  /** Hands over the body, what has already come included. */
  consume(consumer: BodyConsumer): void {
    this.#consumer = consumer;
    const early = this.#early;
    this.#early = [];
    let flowing = true;
    for (const chunk of early) flowing = consumer.data(chunk) && flowing;
    if (this.#failure) consumer.fail(this.#failure);
    else if (this.#ended) consumer.end();
    else if (!flowing) this.#controller?.pause();
  }

  /** The whole body; an AppError `upstream_error` past `maxBytes`. */
  collect(maxBytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      this.consume({
        data: (chunk) => {
          size += chunk.length;
          if (size > maxBytes) {
            reject(new AppError('upstream_error', `The provider's answer is larger than ${maxBytes} bytes.`));
            this.abort();
          } else chunks.push(chunk);
          return true;
        },
        end: () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)),
        fail: reject,
      });
    });
  }

  resume(): void {
    this.#controller?.resume();
  }

  /** Ends the exchange; the connection is closed, so the provider stops working on it. */
  abort(): void {
    this.#aborted = true;
    this.#controller?.abort(new Error('the caller went away'));
  }
}

function toUpstreamError(error: Error & { code?: string }): AppError {
  if (error instanceof AppError) return error;
  switch (error.code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
      return new AppError('upstream_timeout', 'The provider did not begin to answer in time.', { cause: error });
    case 'UND_ERR_BODY_TIMEOUT':
      return new AppError('upstream_timeout', 'The provider stopped sending in the middle of its answer.', {
        cause: error,
      });
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new AppError('upstream_error', 'The provider can not be reached.', { cause: error });
    default:
      return new AppError('upstream_error', 'The connection to the provider broke.', { cause: error });
  }
}
