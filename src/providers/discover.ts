/** Providers that need no configuration: those whose key is in the environment, and Ollama where it answers. */
import type { ProviderConfig } from './connect.ts';
import { definitions } from './definitions/index.ts';
import type { HttpGet } from './list-models.ts';

/** Environment, as config.ts read it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Pure: one entry per provider whose key is set. Addresses are the providers' own, so a key is never sent elsewhere. */
export function discoverFromEnvironment(env: Environment): ProviderConfig[] {
  const found: ProviderConfig[] = [];
  for (const definition of definitions) {
    const { name, protocol } = definition;
    const key = definition.env === undefined ? undefined : env[definition.env]?.trim();
    if (protocol === 'azure') found.push(...discoverAzure(name, key, env));
    else if (protocol === 'vertex') found.push(...discoverVertex(name, env));
    else if (protocol === 'bedrock') found.push(...discoverBedrock(name, key, env));
    else if (key) found.push({ name, protocol, api_key: key });
  }
  return found;
}

/** The names the vendor's own clients read; without the resource's address a key is of no use. */
function discoverAzure(name: string, key: string | undefined, env: Environment): ProviderConfig[] {
  const base_url = env.AZURE_OPENAI_ENDPOINT?.trim();
  if (!key || !base_url) return [];
  const api_version = env.AZURE_OPENAI_API_VERSION?.trim() || env.OPENAI_API_VERSION?.trim();
  return [{ name, protocol: 'azure', api_key: key, base_url, ...(api_version ? { api_version } : {}) }];
}

/** Both must be set: a project alone says nothing about wanting to pay for models with it. */
function discoverVertex(name: string, env: Environment): ProviderConfig[] {
  const service_account = env.GOOGLE_APPLICATION_CREDENTIALS?.trim();
  const project = env.GOOGLE_CLOUD_PROJECT?.trim();
  if (!service_account || !project) return [];
  const location = env.GOOGLE_CLOUD_LOCATION?.trim();
  return [{ name, protocol: 'vertex', service_account, project, ...(location ? { location } : {}) }];
}

/** Only Bedrock's own key: general AWS credentials are on many machines for other reasons. */
function discoverBedrock(name: string, key: string | undefined, env: Environment): ProviderConfig[] {
  const region = env.AWS_REGION?.trim() || env.AWS_DEFAULT_REGION?.trim();
  return key && region ? [{ name, protocol: 'bedrock', api_key: key, region }] : [];
}

/** Asks loopback for Ollama; any failure means that there is none. `get` should give up within a second. */
export async function discoverOllama(get: HttpGet): Promise<ProviderConfig[]> {
  const ollama = definitions.find((definition) => definition.protocol === 'ollama')!;
  try {
    const { status, body } = await get(new URL('/api/version', ollama.baseUrl), {});
    if (status !== 200 || typeof (JSON.parse(body) as { version?: unknown }).version !== 'string') return [];
  } catch {
    return [];
  }
  return [{ name: ollama.name, protocol: 'ollama', base_url: ollama.baseUrl! }];
}
