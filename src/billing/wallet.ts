import type { Pico } from '../base/money.ts';
import type { WalletBalance } from '../contract/records.ts';

/** What a wallet holds: all that was credited less all that was charged. Below 0 when a settlement went over its hold. */
export function walletBalance(balance: Pick<WalletBalance, 'credited_pico' | 'spent_pico'>): Pico {
  return balance.credited_pico - balance.spent_pico;
}

/** What a wallet still covers beside its open holds; never below 0. */
export function walletAvailable(balance: Pick<WalletBalance, 'credited_pico' | 'spent_pico'>, held: Pico = 0n): Pico {
  const left = walletBalance(balance) - held;
  return left > 0n ? left : 0n;
}

/**
 * What of a credit expires: the part that was not spent, oldest credits spent first, and never more than the wallet still covers.
 * `creditedBefore`: credited before this credit; `credit`: its amount. All in pico-units of the wallet's currency.
 */
export function expiring(
  balance: Pick<WalletBalance, 'credited_pico' | 'spent_pico'>,
  creditedBefore: Pico,
  credit: Pico,
  held: Pico = 0n,
): Pico {
  const spentOfIt = balance.spent_pico - creditedBefore;
  const left = spentOfIt <= 0n ? credit : credit - spentOfIt;
  const available = walletAvailable(balance, held);
  if (left <= 0n) return 0n;
  return left < available ? left : available;
}
