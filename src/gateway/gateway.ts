import { newId } from '../base/ids.ts';
import { admit, takeRates } from './admit.ts';
import { describe, sendError, toFailure } from './answer.ts';
import type { Admitted, Call, ReplySink } from './call.ts';
import type { GatewayDependencies, GatewayState } from './dependencies.ts';
import { type Claim, Idempotency } from './idempotency.ts';
import { serve } from './serve.ts';

export interface Gateway {
  /** Answers a call on `sink`; never throws. */
  handle(call: Call, sink: ReplySink): Promise<void>;
  readonly open: number;
  /** Refuses new calls from now on. */
  drain(): void;
}

export function createGateway(deps: GatewayDependencies): Gateway {
  const idempotency = new Idempotency(deps.store, deps.vault, () => deps.clock.now());
  const sweeper = setInterval(() => idempotency.sweep(), 600_000);
  sweeper.unref();
  const state: GatewayState = { deps, idempotency, draining: false };
  return {
    handle: (call, sink) => handle(state, call, sink),
    get open() {
      return deps.live.open;
    },
    drain() {
      state.draining = true;
    },
  };
}

async function handle(state: GatewayState, call: Call, sink: ReplySink): Promise<void> {
  const { deps } = state;
  deps.live.open++;
  const operation = newId('op', deps.clock.now());
  let claim: Claim | undefined;
  let admitted: Admitted | undefined;
  try {
    admitted = await admit(state, call, operation);
    const reply = call.idempotencyKey
      ? await state.idempotency.claim(admitted.principal.key.id, call.path, call.idempotencyKey, call.body)
      : undefined;
    if (reply && 'status' in reply) {
      sink.send(reply.status, { ...reply.headers, 'x-tokenworks-replayed': 'true' }, reply.body);
      return;
    }
    claim = reply;
    await takeRates(deps, admitted);
    await serve(deps, admitted, sink, claim);
  } catch (error) {
    const failure = toFailure(error);
    if (failure.code === 'internal_error')
      deps.log('error', 'a call failed inside', { operation, error: describe(error) });
    if (!sink.closed) sendError(sink, call, failure, operation);
  } finally {
    claim?.free();
    if (admitted?.lease?.open) void deps.limits.rates.release(admitted.lease);
    deps.live.open--;
  }
}
