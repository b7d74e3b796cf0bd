import type { PriceBand, PriceBodyInput } from '../billing/price-body.ts';

const UNITS = { '1M_tokens': '1M tokens', '1K_tokens': '1K tokens', token: 'token' } as const;

export interface PriceCells {
  input: string;
  output: string;
  cacheRead: string;
  /** `USD, 1M tokens`, and what a single figure can't say. */
  per: string;
}

/** The figures of a price row that fit into a table: those of its first band, with a mark where more bands follow. */
export function priceCells(price: { currency: string; body: unknown } | undefined): PriceCells {
  if (!price) return { input: '', output: '', cacheRead: '', per: '' };
  const body = price.body as Partial<PriceBodyInput>;
  if (body.free) return { input: '0', output: '0', cacheRead: '', per: 'free' };
  const band: PriceBand | undefined = body.bands?.[0];
  const more = (body.bands?.length ?? 0) > 1 ? ', by length or time' : '';
  const pieces = (['per_image', 'per_second', 'per_search', 'per_call'] as const).filter(
    (rate) => band?.[rate] !== undefined,
  );
  const others = pieces.map((rate) => `, ${band![rate]} ${rate.replace('_', ' ')}`).join('');
  return {
    input: band?.input ?? '',
    output: band?.output ?? '',
    cacheRead: band?.cache_read ?? '',
    per: `${price.currency}, ${UNITS[body.unit ?? '1M_tokens']}${others}${more}`,
  };
}
