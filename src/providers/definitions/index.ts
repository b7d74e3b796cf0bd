import type { ProtocolName, ProviderDefinition } from '../protocol.ts';
import { anthropic } from './anthropic.ts';
import { ark } from './ark.ts';
import { azure } from './azure.ts';
import { bedrock } from './bedrock.ts';
import { byteplus } from './byteplus.ts';
import { dashscope } from './dashscope.ts';
import { dashscopeIntl } from './dashscope-intl.ts';
import { deepseek } from './deepseek.ts';
import { fireworks } from './fireworks.ts';
import { gemini } from './gemini.ts';
import { groq } from './groq.ts';
import { lmStudio } from './lm-studio.ts';
import { minimax } from './minimax.ts';
import { mistral } from './mistral.ts';
import { moonshot } from './moonshot.ts';
import { ollama } from './ollama.ts';
import { openai } from './openai.ts';
import { openrouter } from './openrouter.ts';
import { siliconflow } from './siliconflow.ts';
import { together } from './together.ts';
import { vertex } from './vertex.ts';
import { vllm } from './vllm.ts';
import { xai } from './xai.ts';
import { zhipu } from './zhipu.ts';

/** Every provider Tokenworks knows by name, in the order they are shown. */
export const definitions: readonly ProviderDefinition[] = [
  openai,
  anthropic,
  gemini,
  ark,
  byteplus,
  deepseek,
  dashscope,
  dashscopeIntl,
  moonshot,
  zhipu,
  openrouter,
  xai,
  mistral,
  minimax,
  groq,
  together,
  fireworks,
  siliconflow,
  ollama,
  vllm,
  lmStudio,
  azure,
  vertex,
  bedrock,
];

/** What is taken for a provider that nobody knows: its protocol's own facts, without a price list. */
const BY_PROTOCOL: Partial<Record<ProtocolName, ProviderDefinition>> = {
  anthropic,
  gemini,
  ark,
  ollama,
  azure,
  vertex,
  bedrock,
};

const UNKNOWN_OPENAI: ProviderDefinition = {
  name: 'openai-compatible',
  title: 'OpenAI-compatible',
  protocol: 'openai',
  // `max_tokens` is what every compatible server understands; reasoning is asked for only where it is known how.
  quirks: { limitField: 'max_tokens' },
  // Only what every compatible server has: /responses is translated to chat unless the configuration says otherwise.
  apis: ['openai-chat', 'openai-embeddings'],
};

export interface KnownProvider {
  definition: ProviderDefinition;
  /** The address is the provider's own, so its whole list of APIs holds; otherwise only what every server of the protocol has. */
  ownAddress: boolean;
}

/** The definition that fits a configured provider: by its address, then by its name, then by its protocol. */
export function recognise(name: string, protocol: ProtocolName, baseUrl: URL | undefined): KnownProvider | undefined {
  const candidates = definitions.filter((definition) => definition.protocol === protocol);
  const byAddress = baseUrl && candidates.find((definition) => sameAddress(definition, baseUrl));
  if (byAddress) return { definition: byAddress, ownAddress: true };
  const byName = candidates.find((definition) => definition.name === name);
  if (byName) return { definition: byName, ownAddress: baseUrl === undefined };
  const fallback = protocol === 'openai' ? UNKNOWN_OPENAI : BY_PROTOCOL[protocol];
  return fallback && { definition: fallback, ownAddress: baseUrl === undefined };
}

/** The same host, or one below it (`eu.api.openai.com`). Loopback addresses are anybody's and prove nothing. */
function sameAddress(definition: ProviderDefinition, baseUrl: URL): boolean {
  if (!definition.baseUrl) return false;
  const own = new URL(definition.baseUrl).hostname;
  if (own === '127.0.0.1') return false;
  return baseUrl.hostname === own || baseUrl.hostname.endsWith(`.${own}`);
}
