/** AWS's binary event stream, cut into messages from bytes that arrive in any pieces. */
import { EventStreamCodec, type MessageHeaders } from '@smithy/eventstream-codec';
import { fromUtf8, toUtf8 } from '@smithy/util-utf8';

export interface StreamMessage {
  kind: 'event' | 'exception';
  /** `:event-type`, `:exception-type` or `:error-code`. */
  name: string;
  body: string;
  /** `:error-message`, of errors that have no body. */
  text?: string;
}

/** Length (4 bytes), length of the headers (4), their checksum (4), the message's checksum (4). */
const LEAST_BYTES = 16;
/** A payload is 16 MB at most, headers 128 kB (Smithy specification, "Amazon Event Stream"). */
const MOST_BYTES = 16 * 1024 * 1024 + 128 * 1024 + LEAST_BYTES;

export class EventStreamParser {
  #codec = new EventStreamCodec(toUtf8, fromUtf8);
  #pieces: Buffer[] = [];
  #held = 0;
  /** Bytes that have to be there before anything can be read. */
  #needed = 4;

  /** Bytes of a message are left over. */
  get unfinished(): boolean {
    return this.#held > 0;
  }

  /** Whole messages; where the bytes go wrong, those before it and what is wrong. Nothing may be pushed after an error. */
  push(chunk: Uint8Array): { messages: StreamMessage[]; error?: Error } {
    const messages: StreamMessage[] = [];
    if (chunk.length === 0) return { messages };
    this.#pieces.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#held += chunk.length;
    if (this.#held < this.#needed) return { messages };
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    let at = 0;
    this.#needed = 4;
    while (bytes.length - at >= this.#needed) {
      const length = bytes.readUInt32BE(at);
      if (length < LEAST_BYTES || length > MOST_BYTES)
        return { messages, error: new Error('a message has no valid length') };
      this.#needed = length;
      if (bytes.length - at < length) break;
      try {
        messages.push(read(this.#codec, bytes.subarray(at, at + length)));
      } catch (error) {
        return { messages, error: error instanceof Error ? error : new Error(String(error)) };
      }
      at += length;
      this.#needed = 4;
    }
    this.#held = bytes.length - at;
    this.#pieces = this.#held > 0 ? [bytes.subarray(at)] : [];
    return { messages };
  }
}

function read(codec: EventStreamCodec, bytes: Buffer): StreamMessage {
  const { headers, body } = codec.decode(bytes);
  const type = header(headers, ':message-type');
  const text = header(headers, ':error-message');
  return {
    kind: type === 'exception' || type === 'error' ? 'exception' : 'event',
    name: header(headers, ':event-type') ?? header(headers, ':exception-type') ?? header(headers, ':error-code') ?? '',
    body: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'),
    ...(text === undefined ? {} : { text }),
  };
}

function header(headers: MessageHeaders, name: string): string | undefined {
  const value = headers[name];
  return value?.type === 'string' ? value.value : undefined;
}
