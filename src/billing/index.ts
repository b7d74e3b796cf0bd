/** Prices, exchange rates, bounds, windows, ledger entries and invoices: pure functions over immutable snapshots. */
export { type Book, PriceBook, type PriceProblem } from './book.ts';
export { boundGap, type CallBound, costBound, outputAffordable } from './bound.ts';
export { crossed, remaining } from './budget.ts';
export { builtinPrices, priceIdOf } from './builtin.ts';
export { PriceConfig, priceFromConfig } from './config-price.ts';
export { minorPlaces, minorUnit_pico, roundToMinor } from './currency.ts';
export {
  creditPosting,
  expiryPosting,
  imbalance,
  invoiceTaxPosting,
  reversalPosting,
  settlementPostings,
  topUpPosting,
  type WalletMovement,
} from './entries.ts';
export { type Converted, type Exchange, FxTable, type FxView } from './fx.ts';
export { buildInvoice, type InvoiceOptions } from './invoice.ts';
export {
  compilePrice,
  type Price,
  type PriceContext,
  type Priced,
  type PriceLine,
  parsePriceBody,
  priceUsage,
  type Unpriced,
} from './price.ts';
export { PriceBody, type PriceBodyInput, type RateName } from './price-body.ts';
export { expiring, walletAvailable, walletBalance } from './wallet.ts';
export { type Bounds, periodBounds, type WindowSpan, windowAt, windowBounds, windowKey } from './window.ts';
export { checkTimezone } from './zone.ts';
