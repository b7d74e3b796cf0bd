import type { Principal } from '../accounts/index.ts';
import type { Money } from '../base/money.ts';
import type { Lease } from '../limits/index.ts';
import type { Envelope, JsonObject } from '../providers/index.ts';
import type { Route } from './catalogue.ts';
import type { Dialect } from './errors.ts';

/** A call as it comes in, from HTTP or from inside (agents, judges, memory). */
export interface Call {
  surface: 'chat' | 'responses' | 'messages' | 'embeddings';
  dialect: Dialect;
  /** Scope of idempotency keys. */
  path: string;
  secret?: string;
  /** The body's bytes; passed on unchanged where both ends speak the same format. */
  body: Uint8Array;
  tags?: string;
  user?: string;
  maxCost?: string;
  idempotencyKey?: string;
  /** Headers that go on to the provider (`anthropic-beta`). */
  forward?: Record<string, string>;
  agent?: string;
  run?: string;
}

/** Where the answer goes: a socket, or a caller in this process. */
export interface ReplySink {
  /** True once nobody listens any more. */
  readonly closed: boolean;
  head(status: number, headers: Record<string, string>): void;
  /** False: the receiver is slow; wait for `onDrain`. */
  write(chunk: Uint8Array | string): boolean;
  end(chunk?: Uint8Array | string): void;
  /** Head and body at once. */
  send(status: number, headers: Record<string, string>, body: Uint8Array | string): void;
  onDrain(listener: () => void): void;
  /** Called when the receiver goes away before `end`. */
  onClose(listener: () => void): void;
  /** Breaks the connection: the reply can't be ended honestly. */
  destroy(): void;
}

/** A call that may go on: who it is, what it wants, and the slots it has taken. */
export interface Admitted {
  operation: string;
  at_ms: number;
  /** Monotonic start. */
  began_ms: number;
  call: Call;
  principal: Principal;
  body: JsonObject;
  envelope: Envelope;
  route: Route;
  /** Addresses of images, sounds and files in the body, checked by the egress guard. */
  mediaUrls: readonly string[];
  user?: string;
  tags: Record<string, string>;
  maxCost?: Money;
  /** Absent where the key has no rate limits. */
  lease?: Lease;
}
