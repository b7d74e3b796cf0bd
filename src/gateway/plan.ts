import { createHash } from 'node:crypto';
import type { Pico } from '../base/money.ts';
import type { Deployment, Route } from './catalogue.ts';
import type { Health } from './health.ts';

export interface PlanHelp {
  health: Health;
  random: () => number;
  /** What a call of a usual size would cost at a deployment, in one currency; absent when it has no price. */
  costOf(deployment: Deployment): Pico | undefined;
}

/**
 * The order in which a route's targets are tried. Those whose circuit is open come last, so that a call is still tried when all are.
 * `stickiness` keeps one caller (user, else key) on one target while it is healthy, so that provider-side caches are hit.
 */
export function planTargets(route: Route, stickiness: string, help: PlanHelp): Deployment[] {
  if (route.targets.length === 1) return [route.targets[0]!.deployment];
  const ordered = order(route, stickiness, help);
  return [
    ...ordered.filter((item) => help.health.usable(item.id)),
    ...ordered.filter((item) => !help.health.usable(item.id)),
  ];
}

function order(route: Route, stickiness: string, help: PlanHelp): Deployment[] {
  const targets = route.targets;
  switch (route.strategy) {
    case 'priority':
      return targets.map((target) => target.deployment);
    case 'weighted':
      // Efraimidis and Spirakis: ordering by random^(1/weight) draws without replacement in proportion to the weights.
      return sorted(targets, (target) => -(help.random() ** (1 / target.weight)));
    case 'sticky':
      // Weighted rendezvous hashing: a target that goes away moves only its own callers.
      return sorted(
        targets,
        (target) => Math.log(hashShare(`${stickiness}\n${target.deployment.id}`)) / target.weight,
      ).reverse();
    case 'fastest':
      // One not yet measured comes first, so that it is.
      return sorted(targets, (target) => help.health.latency_ms(target.deployment.id) ?? -1);
    case 'cheapest': {
      const priced = targets.map((target) => ({ target, cost: help.costOf(target.deployment) }));
      priced.sort((a, b) => compareCosts(a.cost, b.cost));
      return priced.map((item) => item.target.deployment);
    }
  }
}

function sorted(targets: Route['targets'], rank: (target: Route['targets'][number]) => number): Deployment[] {
  return targets
    .map((target) => ({ deployment: target.deployment, rank: rank(target) }))
    .sort((a, b) => a.rank - b.rank)
    .map((item) => item.deployment);
}

/** Unknown costs last. */
function compareCosts(a: Pico | undefined, b: Pico | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A number in (0, 1] that the text decides. */
function hashShare(text: string): number {
  return (createHash('sha1').update(text).digest().readUInt32BE(0) + 1) / 0x1_0000_0000;
}
