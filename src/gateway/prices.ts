/** Which row of the books prices a deployment. */
import { type FxTable, type Price, priceUsage } from '../billing/index.ts';
import type { Deployment } from './catalogue.ts';
import type { Snapshot } from './dependencies.ts';

export function priceOf(
  snapshot: Snapshot,
  book: 'cost' | 'sell',
  deployment: Deployment,
  at_ms: number,
): Price | undefined {
  return snapshot.book.find(book, namesOf(deployment), deployment.model, at_ms);
}

const bookNames = new WeakMap<object, readonly string[]>();

const REFLEX_NAMES: readonly string[] = ['reflex'];

/** The provider's own name, then that of its rows in the built-in book. */
function namesOf(deployment: Deployment): readonly string[] {
  const provider = deployment.provider;
  if (!provider) return REFLEX_NAMES;
  let names = bookNames.get(provider);
  if (!names) {
    names =
      provider.priceProvider && provider.priceProvider !== provider.name
        ? [provider.name, provider.priceProvider]
        : [provider.name];
    bookNames.set(provider, names);
  }
  return names;
}

/** What 1,000 tokens in and 500 out cost, in USD where there is a rate: a yardstick for `cheapest`. */
export function usualCost(price: Price | undefined, at_ms: number, fx: ReturnType<FxTable['pin']>): bigint | undefined {
  if (!price) return undefined;
  const answer = priceUsage(price, { input: 1000, output: 500 }, { at_ms });
  if (!answer.priced) return undefined;
  return fx.convert(answer.cost_pico, answer.currency, 'USD', 'half_even')?.pico;
}
