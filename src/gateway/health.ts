import type { Clock } from '../base/clock.ts';

/** Failures in a row after which a deployment is passed over. */
const OPEN_AFTER = 5;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 120_000;
/** Weight of the newest measurement in the running mean of latencies. */
const NEWEST = 0.2;

interface State {
  failures: number;
  pause_ms: number;
  openUntil_ms: number;
  probing: boolean;
  latency_ms?: number;
  completed: number;
  failed: number;
}

export interface DeploymentHealth {
  deployment: string;
  state: 'closed' | 'open' | 'half_open';
  latency_ms?: number;
  completed: number;
  failed: number;
}

/**
 * A circuit breaker and a running latency per deployment. After five failures in a row a deployment is passed over for 5 s, then one
 * call probes it; each failed probe doubles the pause, a completed call closes the circuit.
 */
export class Health {
  readonly #clock: Clock;
  readonly #states = new Map<string, State>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether calls may be sent now. */
  usable(deployment: string): boolean {
    const state = this.#states.get(deployment);
    if (!state || state.openUntil_ms === 0) return true;
    return this.#clock.mono() >= state.openUntil_ms && !state.probing;
  }

  /** Notes that a call is being sent; while a circuit is half open only the first may. */
  sent(deployment: string): void {
    const state = this.#states.get(deployment);
    if (state && state.openUntil_ms > 0) state.probing = true;
  }

  completed(deployment: string, latency_ms: number): void {
    const state = this.#state(deployment);
    state.failures = 0;
    state.pause_ms = FIRST_PAUSE_MS;
    state.openUntil_ms = 0;
    state.probing = false;
    state.completed++;
    state.latency_ms =
      state.latency_ms === undefined ? latency_ms : state.latency_ms + NEWEST * (latency_ms - state.latency_ms);
  }

  /** A failure of the deployment itself; a caller's mistake is none. */
  failed(deployment: string): void {
    const state = this.#state(deployment);
    state.failed++;
    state.failures++;
    if (state.failures < OPEN_AFTER && !state.probing) return;
    state.openUntil_ms = this.#clock.mono() + state.pause_ms;
    state.pause_ms = Math.min(state.pause_ms * 2, LONGEST_PAUSE_MS);
    state.probing = false;
  }

  /** The call ended without telling anything of the deployment (the client went away, its request was wrong). */
  unclear(deployment: string): void {
    const state = this.#states.get(deployment);
    if (state) state.probing = false;
  }

  latency_ms(deployment: string): number | undefined {
    return this.#states.get(deployment)?.latency_ms;
  }

  list(): DeploymentHealth[] {
    return [...this.#states].map(([deployment, state]) => ({
      deployment,
      state: state.openUntil_ms === 0 ? 'closed' : this.#clock.mono() >= state.openUntil_ms ? 'half_open' : 'open',
      latency_ms: state.latency_ms === undefined ? undefined : Math.round(state.latency_ms),
      completed: state.completed,
      failed: state.failed,
    }));
  }

  #state(deployment: string): State {
    let state = this.#states.get(deployment);
    if (!state) {
      state = { failures: 0, pause_ms: FIRST_PAUSE_MS, openUntil_ms: 0, probing: false, completed: 0, failed: 0 };
      this.#states.set(deployment, state);
    }
    return state;
  }
}
