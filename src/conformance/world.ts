/** The whole server in front of scripted upstreams of every protocol, and the official clients pointed at it, unchanged. */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { SurfaceName } from '../providers/index.ts';
import { startTestServer, type TestServer } from '../server-testing.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './upstreams/server.ts';

export interface Column {
  id: string;
  /** Head of the column in the table. */
  title: string;
  /** As clients name it. */
  model: string;
  embeddings?: string;
  /** Surfaces whose bytes go through unchanged. */
  passes: SurfaceName[];
}

interface Configured extends Column {
  /** The entry of tokenworks.yaml, without its models. */
  entry(upstream: string): Record<string, unknown>;
}

const OPENAI_APIS = ['openai-chat', 'openai-responses', 'openai-embeddings'];

function column(
  id: string,
  title: string,
  model: string,
  passes: SurfaceName[],
  entry: Configured['entry'],
  embeddings?: string,
): Configured {
  return {
    id,
    title,
    model: `${id}/${model}`,
    passes,
    entry,
    ...(embeddings === undefined ? {} : { embeddings: `${id}/${embeddings}` }),
  };
}

const CONFIGURED: Configured[] = [
  column(
    'openai',
    'OpenAI',
    'gpt-5.2',
    ['chat', 'responses', 'embeddings'],
    (url) => ({ protocol: 'openai', base_url: `${url}/openai/v1`, apis: OPENAI_APIS }),
    'embed-3',
  ),
  column(
    'compatible',
    'OpenAI-compatible',
    'test-chat',
    ['chat', 'embeddings'],
    (url) => ({ protocol: 'openai', base_url: `${url}/compatible/v1` }),
    'embed-3',
  ),
  column(
    'azure',
    'Azure OpenAI',
    'deployment',
    ['chat', 'responses', 'embeddings'],
    (url) => ({ protocol: 'azure', base_url: `${url}/azure` }),
    'embed-3',
  ),
  column(
    'ark',
    'Ark',
    'doubao-seed-2-0',
    ['chat', 'responses', 'embeddings'],
    (url) => ({ protocol: 'ark', base_url: `${url}/ark/api/v3`, apis: OPENAI_APIS }),
    'embed-3',
  ),
  column('anthropic', 'Anthropic', 'claude-sonnet-4-5', ['messages'], (url) => ({
    protocol: 'anthropic',
    base_url: `${url}/anthropic`,
  })),
  column('vertex-claude', 'Vertex AI (Claude)', 'claude-sonnet-4-5@20250929', ['messages'], (url) => ({
    protocol: 'vertex',
    base_url: `${url}/vertex`,
  })),
  column(
    'gemini',
    'Gemini',
    'gemini-3-pro-preview',
    [],
    (url) => ({ protocol: 'gemini', base_url: `${url}/gemini/v1beta` }),
    'gemini-embedding-001',
  ),
  column(
    'vertex',
    'Vertex AI (Gemini)',
    'gemini-3-pro-preview',
    [],
    (url) => ({ protocol: 'vertex', base_url: `${url}/vertex` }),
    'gemini-embedding-001',
  ),
  column('bedrock', 'Bedrock', 'anthropic.claude-sonnet-4-5-20250929-v1:0', [], (url) => ({
    protocol: 'bedrock',
    base_url: `${url}/bedrock`,
    region: 'us-east-1',
    api_key: undefined,
    access_key_id: 'AKIDEXAMPLE',
    secret_access_key: 'wJalrXUtnFEMI',
  })),
  column(
    'ollama',
    'Ollama',
    'qwen3',
    [],
    (url) => ({ protocol: 'ollama', base_url: `${url}/ollama` }),
    'nomic-embed-text',
  ),
];

export const COLUMNS: readonly Column[] = [
  ...CONFIGURED,
  { id: 'reflex', title: 'Reflex', model: 'reflex/default', embeddings: 'reflex/default', passes: [] },
];

export function columnOf(id: string): Column {
  const found = COLUMNS.find((each) => each.id === id);
  if (!found) throw new Error(`no column ${id}`);
  return found;
}

/** What went over the wire in one call of a client. */
export interface Wire {
  url: string;
  sent: Record<string, unknown>;
  status: number;
  headers: Headers;
  /** What came back, as it came; empty where the client broke off. */
  body: Promise<string>;
}

export interface World {
  tw: TestServer;
  upstream: ScriptedUpstream;
  secret: string;
  openai: OpenAI;
  /** The same client at Ark's base path. */
  ark: OpenAI;
  anthropic: Anthropic;
  /** The latest call of any of the clients. */
  wire(): Wire;
  warnings(): string[];
  close(): Promise<void>;
}

function textOf(response: Response): Promise<string> {
  return response.text().catch(() => '');
}

const PRICE = { currency: 'USD', unit: '1M_tokens', input: '1.00', output: '4.00', cache_read: '0.10' };

export async function openWorld(): Promise<World> {
  const upstream = await startScriptedUpstream();
  const config = {
    providers: CONFIGURED.map(({ id, model, embeddings, entry }) => ({
      name: id,
      api_key: 'sk-upstream',
      ...entry(upstream.url),
      models: [model, ...(embeddings ? [embeddings] : [])].map((name) => ({
        id: name.slice(id.length + 1),
        price: PRICE,
      })),
    })),
    models: [{ name: 'stubborn-ark', targets: ['ark/doubao-seed-2-0'], retries: 2 }],
  };
  const tw = await startTestServer({ fullConfig: () => JSON.stringify(config) });
  const { secret } = await tw.key();
  let wire: Wire | undefined;
  const watched: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const sent = typeof init?.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : {};
    wire = {
      url: String(input instanceof Request ? input.url : input),
      sent,
      status: response.status,
      headers: response.headers,
      body: textOf(response.clone()),
    };
    return response;
  };
  const common = { apiKey: secret, maxRetries: 0, fetch: watched };
  const world: World = {
    tw,
    upstream,
    secret,
    openai: new OpenAI({ ...common, baseURL: `${tw.url}/v1` }),
    ark: new OpenAI({ ...common, baseURL: `${tw.url}/api/v3` }),
    anthropic: new Anthropic({ ...common, baseURL: tw.url }),
    wire() {
      if (!wire) throw new Error('no call was made yet');
      return wire;
    },
    warnings: () => (wire?.headers.get('x-tokenworks-warnings') ?? '').split(', ').filter((name) => name !== ''),
    async close() {
      await tw.close();
      await upstream.close();
    },
  };
  return world;
}
