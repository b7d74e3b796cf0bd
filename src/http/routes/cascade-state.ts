/** What a cascade's Reflex model can do, for the list of models and the doctor. */
import { reflexOwner, reflexRegistryName } from '../../contract/control/index.ts';
import type { Cascade, Route } from '../../gateway/catalogue.ts';
import { type TrustTable, thresholdFor } from '../../reflex/index.ts';
import type { Services } from '../services.ts';

export interface CascadeState {
  reflex: string;
  /** Absent where the cascade has a threshold of its own. */
  precision?: number;
  /** null: Reflex never answers. */
  threshold: number | null;
  /** Share of held-out texts that reach it. */
  answers?: number;
  problem?: string;
}

/** By the default project's model; where it has none, by that of the first project that has one of the name. */
export function cascadeState({ reflex }: Pick<Services, 'reflex'>, { cascade }: { cascade: Cascade }): CascadeState {
  const name = `reflex/${cascade.reflex}`;
  const about = cascade.threshold === undefined ? { reflex: name, precision: cascade.precision } : { reflex: name };
  const trust = trustOf(reflex, cascade.reflex);
  if (!trust)
    return { ...about, threshold: null, problem: `${name} has learnt nothing, so every call goes to the large model` };
  if (cascade.threshold !== undefined) return { ...about, threshold: cascade.threshold };
  const point = thresholdFor(trust, cascade.precision);
  if (point) return { ...about, threshold: point.confidence, answers: point.share };
  const best = trust.at(-1)?.precision;
  const reached = best === undefined ? 'has too few examples to be measured' : `reached ${best} at most`;
  return {
    ...about,
    threshold: null,
    problem: `${name} never reached a precision of ${cascade.precision} on texts that it did not learn from (it ${reached}), so every call goes to the large model; give it more examples, or ask for less`,
  };
}

function trustOf(reflex: Services['reflex'], name: string): TrustTable | undefined {
  const own = reflex.trust(reflexRegistryName('default', name));
  if (own) return own;
  const other = reflex.models().find((one) => reflexOwner(one).name === name && reflex.trust(one));
  return other === undefined ? undefined : reflex.trust(other);
}

export function isCascade(route: Route | undefined): route is Route & { cascade: Cascade } {
  return route?.cascade !== undefined;
}
