/**
 * Configuration: tokenworks.yaml (optional), the environment and command-line overrides, validated once.
 * This is the only reader of `process.env`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { cascadeShape, checkAlias } from './base/cascade-fields.ts';
import { AppError } from './base/errors.ts';

const decimal = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^\d+(\.\d+)?$/, 'must be a decimal such as "1.25"'));
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, 'must be letters, digits, ".", "_" or "-"');

const inlinePrice = z.strictObject({
  currency: z.string().length(3),
  unit: z.enum(['1M_tokens', '1K_tokens', 'token']).default('1M_tokens'),
  input: decimal,
  output: decimal.optional(),
  cache_read: decimal.optional(),
  cache_write: decimal.optional(),
  cache_write_1h: decimal.optional(),
  reasoning: decimal.optional(),
  audio_input: decimal.optional(),
  audio_output: decimal.optional(),
  image_input: decimal.optional(),
});

const providerModel = z.strictObject({
  id: z.string().min(1),
  /** Shown and served under this name instead of the id. */
  name: z.string().min(1).optional(),
  price: inlinePrice.optional(),
  context_window: z.int().positive().optional(),
  max_output: z.int().positive().optional(),
  embeddings: z.boolean().optional(),
});

export const PROTOCOLS = [
  'openai',
  'anthropic',
  'gemini',
  'ark',
  'ollama',
  'azure',
  'vertex',
  'bedrock',
  'gguf',
] as const;

const provider = z.strictObject({
  name,
  protocol: z.enum(PROTOCOLS),
  base_url: z.url({ protocol: /^https?$/ }).optional(),
  api_key: z.string().optional(),
  api_version: z.string().optional(),
  region: z.string().optional(),
  project: z.string().optional(),
  location: z.string().optional(),
  /** Path of a Google service-account file. */
  service_account: z.string().optional(),
  access_key_id: z.string().optional(),
  secret_access_key: z.string().optional(),
  session_token: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  quirks: z.record(z.string(), z.unknown()).optional(),
  /** All APIs that the provider serves, such as `openai-chat` and `openai-responses`, where they differ from what is known of it. */
  apis: z.array(z.string()).optional(),
  models: z.array(providerModel).optional(),
  /** The `provider` of its rows in the price book. */
  price_provider: z.string().optional(),
});

const target = z.union([z.string(), z.strictObject({ model: z.string(), weight: z.number().positive().default(1) })]);

const alias = z
  .strictObject({
    name,
    strategy: z.enum(['priority', 'weighted', 'fastest', 'cheapest', 'sticky']).default('priority'),
    targets: z.array(target).min(1).optional(),
    retries: z.int().min(0).max(10).default(0),
    timeout_ms: z.int().positive().max(3_600_000).optional(),
    ...cascadeShape,
  })
  .superRefine(checkAlias);

const file = z.strictObject({
  providers: z.array(provider).default([]),
  models: z.array(alias).default([]),
  server: z
    .strictObject({
      host: z.string().optional(),
      port: z.int().min(0).max(65535).optional(),
      /** Host names by which this server may be called, beside loopback and its own address. */
      allowed_hosts: z.array(z.string()).default([]),
      /** Origins whose pages may write to the control plane. */
      allowed_origins: z.array(z.string()).default([]),
      max_body_mb: z.number().positive().max(256).default(16),
      max_streams: z.int().positive().default(20_000),
    })
    .prefault({}),
  egress: z
    .strictObject({
      /** Hosts, host:port, *.suffix or CIDR that may be reached although they are private. */
      allow: z.array(z.string()).default([]),
    })
    .prefault({}),
  organisation: z
    .strictObject({
      name: z.string().optional(),
      timezone: z.string().optional(),
      tag_keys: z.array(z.string()).optional(),
      capture: z.enum(['none', 'metadata', 'full']).optional(),
    })
    .prefault({}),
  limits: z
    .strictObject({
      hold_wait_ms: z.int().min(0).max(60_000).default(2000),
      default_max_output: z.int().positive().default(4096),
      cascade_wait_ms: z.int().min(1).max(60_000).default(250),
    })
    .prefault({}),
  capture: z
    .strictObject({
      /** Share of calls kept where the policy is `full`. */
      sample: z.number().min(0).max(1).default(1),
      days: z.int().positive().max(3650).default(30),
      max_kb: z.int().positive().max(10_240).default(256),
    })
    .prefault({}),
});

export type ProviderConfig = z.infer<typeof provider>;
export type AliasConfig = z.infer<typeof alias>;
export type InlinePrice = z.infer<typeof inlinePrice>;
export const providerConfigSchema = provider;
export const aliasConfigSchema = alias;
/** The whole tokenworks.yaml; docs/reference/config.md is made from it. */
export const configFileSchema = file;

export interface Config extends z.infer<typeof file> {
  /** Absolute path of the data folder. */
  home: string;
  host: string;
  port: number;
  /** The file that was read, if any. */
  file?: string;
  adminKey?: string;
  databaseUrl?: string;
  redisUrl?: string;
  /** Where a running server is, for the CLI; absent: it is found by the data folder. */
  url?: string;
  logLevel: string;
  /** Variables that name providers' keys and addresses; nothing else reads the environment. */
  env: Record<string, string>;
}

export interface ConfigOverrides {
  file?: string;
  host?: string;
  port?: number;
  home?: string;
}

const PROVIDER_VARIABLE =
  /^(?:[A-Z0-9]+_)+(?:API_KEY|BASE_URL|HOST|ENDPOINT|REGION|TOKEN|PROJECT|LOCATION)$|^(?:AWS|AZURE|GOOGLE|OLLAMA|VLLM|LM_STUDIO)_[A-Z0-9_]+$/;

/** Reads everything. Throws AppError `invalid_request` that names file, line and field. */
export function loadConfig(
  overrides: ConfigOverrides = {},
  env: NodeJS.ProcessEnv = process.env,
  cwd: string = process.cwd(),
): Config {
  const path = overrides.file ?? env.TOKENWORKS_CONFIG ?? 'tokenworks.yaml';
  const full = resolve(cwd, path);
  const found = existsSync(full);
  if (!found && (overrides.file ?? env.TOKENWORKS_CONFIG))
    throw new AppError('invalid_request', `The configuration file ${path} does not exist.`);
  const parsed = found ? parseConfigFile(readFileSync(full, 'utf8'), path, env) : file.parse({});
  const port =
    overrides.port ?? (env.TOKENWORKS_PORT ? Number(env.TOKENWORKS_PORT) : undefined) ?? parsed.server.port ?? 8787;
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new AppError('invalid_request', 'The port must be a number from 0 to 65535.');
  const home = resolve(cwd, overrides.home ?? env.TOKENWORKS_HOME ?? '.tokenworks');
  return {
    ...parsed,
    home,
    port,
    host: overrides.host ?? env.TOKENWORKS_HOST ?? parsed.server.host ?? '127.0.0.1',
    file: found ? full : undefined,
    adminKey: env.TOKENWORKS_ADMIN_KEY || undefined,
    databaseUrl: env.DATABASE_URL || undefined,
    redisUrl: env.REDIS_URL || undefined,
    url: env.TOKENWORKS_URL || undefined,
    logLevel: env.TOKENWORKS_LOG ?? 'info',
    env: Object.fromEntries(
      Object.entries(env).filter(([key, value]) => value && PROVIDER_VARIABLE.test(key)),
    ) as Record<string, string>,
  };
}

/** Parses and validates the text of a tokenworks.yaml. `label` names it in errors. */
export function parseConfigFile(
  text: string,
  label: string,
  env: Record<string, string | undefined>,
): z.infer<typeof file> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const broken = document.errors[0];
  if (broken) throw new AppError('invalid_request', `${label}: ${broken.message}`);
  const lineOf = (path: readonly PropertyKey[]): number => {
    let node: unknown = document.contents;
    let at = 0;
    for (const step of path) {
      let child: unknown;
      if (isMap(node)) {
        const pair = node.items.find((item) => String(item.key) === String(step));
        at = (pair?.key as Node | undefined)?.range?.[0] ?? at;
        child = pair?.value;
      } else if (isSeq(node)) {
        child = node.items[Number(step)];
        at = (child as Node | undefined)?.range?.[0] ?? at;
      }
      if (child === undefined) break;
      node = child;
    }
    return lines.linePos(at).line;
  };
  const value = substitute(document.toJS() ?? {}, env, [], (path, variable) => {
    throw new AppError(
      'invalid_request',
      `${label}:${lineOf(path)}: ${path.join('.')} refers to \${${variable}}, which is not set in the environment.`,
    );
  });
  const result = file.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
  const shown = field.map(String).join('.') || 'the document';
  const what = issue.code === 'unrecognized_keys' ? `unknown field "${shown}"` : `${shown}: ${issue.message}`;
  throw new AppError('invalid_request', `${label}:${lineOf(field)}: ${what}`);
}

/** Replaces `${NAME}` in every string. */
function substitute(
  value: unknown,
  env: Record<string, string | undefined>,
  path: PropertyKey[],
  missing: (path: PropertyKey[], variable: string) => never,
): unknown {
  if (typeof value === 'string') {
    return value.replace(
      /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g,
      (_match, variable: string) => env[variable] ?? missing(path, variable),
    );
  }
  if (Array.isArray(value)) return value.map((item, index) => substitute(item, env, [...path, index], missing));
  if (value && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, substitute(item, env, [...path, key], missing)]),
    );
  }
  return value;
}
