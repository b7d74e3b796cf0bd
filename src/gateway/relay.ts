import { AppError } from '../base/errors.ts';
import type { UsageReading } from '../contract/usage.ts';
import type {
  Passthrough,
  Reply,
  StreamDecoder,
  StreamEvent,
  StreamRenderer,
  StreamScanner,
} from '../providers/index.ts';

/** How much of a stream's text is kept for counting it, should it break. */
const TEXT_KEPT = 1024 * 1024;

/** A stream on its way from provider to client: takes the provider's bytes and gives the client's. */
export interface Relay {
  push(chunk: Uint8Array): Uint8Array | string | undefined;
  /** The provider has closed its side. */
  end(): void;
  /** The closing frames, withheld until the call is recorded. */
  finish(): Uint8Array | string;
  /** Frames that end the stream cleanly before its time, as at its length limit. */
  cut(): string;
  readonly usage: UsageReading | undefined;
  readonly servedTier: string | undefined;
  readonly stopSeen: boolean;
  readonly complete: boolean;
  readonly error: AppError | undefined;
  /** At least as many tokens as were delivered so far. */
  readonly outputBound: number;
  text(): string;
}

/** Hands bytes on as they come; a scanner reads what bears usage. */
export class PassRelay implements Relay {
  readonly #passthrough: Passthrough;
  readonly #scanner: StreamScanner;

  constructor(passthrough: Passthrough, scanner: StreamScanner) {
    this.#passthrough = passthrough;
    this.#scanner = scanner;
  }

  push(chunk: Uint8Array): Uint8Array | string | undefined {
    return this.#scanner.push(chunk);
  }

  end(): void {
    this.#scanner.end();
  }

  finish(): Uint8Array | string {
    return this.#scanner.finish();
  }

  cut(): string {
    return this.#passthrough.cut(this.#scanner);
  }

  get usage(): UsageReading | undefined {
    return this.#scanner.usage;
  }

  get servedTier(): string | undefined {
    return this.#scanner.servedTier;
  }

  get stopSeen(): boolean {
    return this.#scanner.stopSeen;
  }

  get complete(): boolean {
    return this.#scanner.complete;
  }

  get error(): AppError | undefined {
    return this.#scanner.error;
  }

  get outputBound(): number {
    return this.#scanner.outputBound;
  }

  text(): string {
    return this.#scanner.text();
  }
}

/** Decodes one protocol and renders another. */
export class TranslatingRelay implements Relay {
  readonly #decoder: StreamDecoder;
  readonly #renderer: StreamRenderer;
  #text: string[] = [];
  #textSize = 0;
  usage: UsageReading | undefined;
  servedTier: string | undefined;
  stopSeen = false;
  complete = false;
  error: AppError | undefined;
  outputBound = 0;

  constructor(decoder: StreamDecoder, renderer: StreamRenderer) {
    this.#decoder = decoder;
    this.#renderer = renderer;
  }

  push(chunk: Uint8Array): string | undefined {
    return this.events(this.#decoder.push(chunk)) || undefined;
  }

  /** Takes events that were decoded elsewhere (the built-in model). */
  events(events: readonly StreamEvent[]): string {
    for (const event of events) this.#note(event);
    return this.error ? '' : this.#renderer.push(events);
  }

  end(): void {
    this.#tail = this.events(this.#decoder.end());
    if (!this.complete && !this.error) {
      this.error = new AppError('upstream_error', 'The provider ended its answer before it was whole.');
    }
  }

  /** What the decoder gave when the provider closed: it goes out with the closing frames. */
  #tail = '';

  finish(): string {
    return this.#tail + this.#renderer.finish();
  }

  cut(): string {
    return this.#renderer.push([{ type: 'finish', choice: 0, reason: 'length' }]) + this.#renderer.finish();
  }

  text(): string {
    return this.#text.join('');
  }

  #note(event: StreamEvent): void {
    switch (event.type) {
      case 'text':
      case 'refusal':
      case 'reasoning':
        this.#keep(event.text);
        break;
      case 'tool_call':
        this.#keep(event.name);
        break;
      case 'tool_arguments':
        this.#keep(event.json);
        break;
      case 'finish':
        this.stopSeen = true;
        break;
      case 'usage':
        this.usage = event.usage;
        this.servedTier = event.servedTier ?? this.servedTier;
        break;
      case 'start':
        this.servedTier = event.servedTier ?? this.servedTier;
        break;
      case 'error':
        this.error = event.error;
        break;
      case 'end':
        this.complete = true;
        break;
    }
  }

  #keep(text: string): void {
    this.outputBound += Buffer.byteLength(text) + 1;
    if (this.#textSize > TEXT_KEPT) return;
    this.#text.push(text);
    this.#textSize += text.length;
  }
}

/** A whole reply as the events of a stream, for models that answer at once. */
export function eventsOf(reply: Reply): StreamEvent[] {
  const events: StreamEvent[] = [{ type: 'start', id: reply.id, model: reply.model, servedTier: reply.servedTier }];
  for (const choice of reply.choices) {
    for (const [part, content] of choice.content.entries()) {
      const at = { choice: choice.index, part };
      switch (content.type) {
        case 'text':
          events.push({ type: 'text', ...at, text: content.text });
          break;
        case 'refusal':
          events.push({ type: 'refusal', ...at, text: content.text });
          break;
        case 'reasoning':
          events.push({ type: 'reasoning', ...at, text: content.text });
          break;
        case 'tool_call':
          events.push(
            { type: 'tool_call', ...at, id: content.id, name: content.name },
            { type: 'tool_arguments', ...at, json: content.arguments },
          );
          break;
        default:
          events.push({ type: 'media', ...at, media: content });
      }
    }
    events.push({ type: 'finish', choice: choice.index, reason: choice.finish, stopSequence: choice.stopSequence });
  }
  if (reply.usage) events.push({ type: 'usage', usage: reply.usage, servedTier: reply.servedTier });
  events.push({ type: 'end' });
  return events;
}
