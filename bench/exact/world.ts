/** The providers, prices and aliases of an exactness run. Each provider is the same mock under a path of its own, which tells them apart. */
import type { UsageField, UsageVector } from '../../src/contract/usage.ts';

/** Pico-USD a token, so that a cost is a sum of whole products. `reasoning` absent: priced as output. */
export type Rates = Partial<Record<UsageField, bigint>> & { input: bigint; output: bigint };

interface WorldProvider {
  protocol: 'openai' | 'anthropic' | 'gemini' | 'ollama' | 'ark';
  base: string;
  rates: Rates;
  embeddings: boolean;
  apis?: string[];
}

const MICRO = 1_000_000n;

export const WORLD: Record<string, WorldProvider> = {
  openai: {
    protocol: 'openai',
    base: '/v1',
    apis: ['openai-chat', 'openai-responses', 'openai-embeddings'],
    embeddings: true,
    rates: {
      input: 2n * MICRO,
      cache_read: 200_000n,
      cache_write_5m: 2_500_000n,
      output: 8n * MICRO,
      reasoning: 9n * MICRO,
    },
  },
  /** Speaks the responses API only, so every other surface is translated. */
  responder: {
    protocol: 'openai',
    base: '/v1',
    apis: ['openai-responses'],
    embeddings: false,
    rates: { input: 900_000n, cache_read: 90_000n, cache_write_5m: 1_100_000n, output: 3_600_000n },
  },
  /** Speaks chat completions only, so the responses surface is translated. */
  plainai: {
    protocol: 'openai',
    base: '/v1',
    embeddings: false,
    rates: { input: 310_000n, cache_read: 31_000n, cache_write_5m: 390_000n, output: 1_230_000n },
  },
  anthropic: {
    protocol: 'anthropic',
    base: '',
    embeddings: false,
    rates: {
      input: 3n * MICRO,
      cache_read: 300_000n,
      cache_write_5m: 3_750_000n,
      cache_write_1h: 6n * MICRO,
      output: 15n * MICRO,
    },
  },
  gemini: {
    protocol: 'gemini',
    base: '/v1beta',
    embeddings: true,
    rates: { input: 1_250_000n, cache_read: 125_000n, output: 10n * MICRO },
  },
  ollama: { protocol: 'ollama', base: '', embeddings: true, rates: { input: 7_000n, output: 13_000n } },
  ark: {
    protocol: 'ark',
    base: '/api/v3',
    embeddings: true,
    rates: { input: 110_000n, cache_read: 22_000n, cache_write_5m: 110_000n, output: 275_000n },
  },
  /** Takes the storms, so that its circuit breaker disturbs nobody else's calls. */
  storm: {
    protocol: 'openai',
    base: '/v1',
    embeddings: false,
    rates: { input: 500_000n, cache_read: 50_000n, cache_write_5m: 600_000n, output: 1_500_000n },
  },
};

export const ALIASES = [
  { name: 'retried', strategy: 'priority', targets: ['storm/m'], retries: 2 },
  { name: 'fallback', strategy: 'priority', targets: ['storm/m', 'anthropic/m', 'gemini/m'], retries: 0 },
  {
    name: 'spread',
    strategy: 'weighted',
    targets: [{ model: 'openai/m', weight: 2 }, 'gemini/m', 'ark/m'],
    retries: 1,
  },
];

/** tokenworks.yaml for a mock at `url`. */
export function worldConfig(url: string): Record<string, unknown> {
  const providers = Object.entries(WORLD).map(([name, provider]) => ({
    name,
    protocol: provider.protocol,
    base_url: `${url}/p/${name}${provider.base}`,
    api_key: 'none',
    ...(provider.apis ? { apis: provider.apis } : {}),
    models: [
      { id: 'm', price: priceOf(provider.rates), max_output: 8192 },
      ...(provider.embeddings
        ? [
            {
              id: 'e',
              embeddings: true,
              price: { currency: 'USD', unit: 'token', input: decimalOf(provider.rates.input) },
            },
          ]
        : []),
    ],
  }));
  return { providers, models: ALIASES, organisation: { tag_keys: ['case'] } };
}

const CONFIG_NAMES: Partial<Record<UsageField, string>> = {
  input: 'input',
  output: 'output',
  reasoning: 'reasoning',
  cache_read: 'cache_read',
  cache_write_5m: 'cache_write',
  cache_write_1h: 'cache_write_1h',
};

function priceOf(rates: Rates): Record<string, string> {
  const fields = Object.entries(rates).map(([field, pico]) => [CONFIG_NAMES[field as UsageField]!, decimalOf(pico)]);
  return { currency: 'USD', unit: 'token', ...Object.fromEntries(fields) };
}

/** Pico-units as a decimal of the unit; written here anew, so that the check does not lean on what it checks. */
export function decimalOf(pico: bigint): string {
  const digits = pico.toString().padStart(13, '0');
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, '');
}

/** What a provider charges for a vector, in pico-USD; undefined when it has no price for a part of it. */
export function costOf(provider: string, vector: UsageVector): bigint | undefined {
  const rates = WORLD[provider]?.rates;
  if (!rates) return undefined;
  let cost = 0n;
  for (const [field, count] of Object.entries(vector)) {
    if (!count) continue;
    const rate = rates[field as UsageField] ?? (field === 'reasoning' ? rates.output : undefined);
    if (rate === undefined) return undefined;
    cost += BigInt(count) * rate;
  }
  return cost;
}

/** The provider that a path of the mock belongs to. */
export function providerOfPath(path: string): string | undefined {
  return /^\/p\/([^/]+)\//.exec(path)?.[1];
}
