/** Writes docs/reference/config.md from the schema of tokenworks.yaml: `node scripts/config-docs.ts [--check]`. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import * as config from '../src/config.ts';
import { cell, publish } from './reference.ts';

interface Schema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}

/** What each field is for. Every field of the schema has a line here and every line a field, or no page is made. */
const MEANING: Record<string, string> = {
  providers: 'Whom models are asked of. What the environment names (`OPENAI_API_KEY` …) is there without an entry.',
  'providers[].name': 'Any name; its models are `name/model`.',
  'providers[].protocol': 'What it speaks.',
  'providers[].base_url': 'Where it is; the protocol’s own address unless given.',
  'providers[].api_key': `Its key, best as \`\${VARIABLE}\`.`,
  'providers[].api_version': 'Azure: `api-version`.',
  'providers[].region': 'Bedrock: AWS region.',
  'providers[].project': 'Vertex: Google Cloud project.',
  'providers[].location': 'Vertex: location, such as `europe-west4`.',
  'providers[].service_account': 'Vertex: path of the service account’s JSON file.',
  'providers[].access_key_id': 'Bedrock: AWS access key.',
  'providers[].secret_access_key': 'Bedrock: AWS secret key.',
  'providers[].session_token': 'Bedrock: AWS session token.',
  'providers[].headers': 'Headers that go with every request.',
  'providers[].headers.*': 'Value of a header.',
  'providers[].quirks': 'Where it differs from its protocol.',
  'providers[].quirks.*': 'Value of a quirk.',
  'providers[].apis': 'Further APIs that it serves, such as `openai-responses`.',
  'providers[].models': 'Only these are served; whatever it lists unless given.',
  'providers[].models[].id': 'The provider’s own id.',
  'providers[].models[].name': 'Served under this name instead.',
  'providers[].models[].price': 'What it costs; the price book’s unless given.',
  'providers[].models[].price.currency': 'ISO 4217 code.',
  'providers[].models[].price.unit': 'What the prices are for.',
  'providers[].models[].price.input': 'Input tokens that no cache served. Write decimals in quotes.',
  'providers[].models[].price.output': 'Output tokens.',
  'providers[].models[].price.cache_read': 'Input tokens read from a cache.',
  'providers[].models[].price.cache_write': 'Input tokens written to a cache.',
  'providers[].models[].price.cache_write_1h': 'The same, kept for an hour.',
  'providers[].models[].price.reasoning': 'Reasoning tokens; output’s unless given.',
  'providers[].models[].price.audio_input': 'Audio in.',
  'providers[].models[].price.audio_output': 'Audio out.',
  'providers[].models[].price.image_input': 'Images in.',
  'providers[].models[].context_window': 'Tokens that fit in.',
  'providers[].models[].max_output': 'Tokens that it writes at most; bounds what a hard budget holds.',
  'providers[].models[].embeddings': 'It makes embeddings.',
  'providers[].price_provider': 'The `provider` of its rows in the price book.',
  models: 'Aliases: names of your own for one or more models.',
  'models[].name': 'What clients call.',
  'models[].strategy':
    'Which target is asked first: in order, by weight, the fastest or cheapest at the moment, or always the same one for a user.',
  'models[].targets': 'Models; what can’t be reached falls to the next.',
  'models[].targets[].model': 'A model.',
  'models[].targets[].weight': 'Its share, for `weighted`.',
  'models[].retries': 'How often a target is asked again before the next one is.',
  'models[].cascade':
    'Instead of targets: a Reflex model of the caller’s project, then the model or alias that answers where it is not sure. See docs/cascade.md.',
  'models[].precision': 'Cascade: wanted share of right answers among those that Reflex gives; 0.95 unless given.',
  'models[].threshold': 'Cascade: least confidence instead of a precision.',
  'models[].distill': 'Cascade: confirmed and corrected answers become examples.',
  'models[].distill.examples_per_day': 'So many a day and project.',
  'models[].timeout_ms': 'How long a target may take to begin its answer.',
  server: 'How it listens.',
  'server.host': 'Address to listen on; 127.0.0.1 unless given.',
  'server.port': 'Port; 8787 unless given.',
  'server.allowed_hosts':
    'Host names by which this server may be called, beside loopback, addresses and `server.host`.',
  'server.allowed_origins': 'Origins whose pages may write to the control plane.',
  'server.max_body_mb': 'Largest body of a call.',
  'server.max_streams': 'Calls that may be open at once; more are refused with `overloaded`.',
  egress: 'Outgoing requests.',
  'egress.allow': 'Hosts, host:port, `*.suffix` or CIDR that may be reached although they are private.',
  organisation: 'The organisation `default`.',
  'organisation.name': 'Its name.',
  'organisation.timezone': 'IANA zone of its days, months and invoices; UTC unless given.',
  'organisation.tag_keys': 'Tags that usage can be grouped by; `team` and `feature` unless given.',
  'organisation.capture': 'What is kept of prompts and replies.',
  limits: 'Holds under hard budgets, and waits.',
  'limits.hold_wait_ms': 'How long a call waits for other calls’ holds to be freed before it is refused.',
  'limits.default_max_output': 'Output tokens that are held for a model whose maximum is not known.',
  'limits.cascade_wait_ms': 'How long a cascade waits for Reflex before the large model is asked.',
  capture: 'Kept prompts and replies.',
  'capture.sample': 'Share of calls kept where the policy is `full`.',
  'capture.days': 'Days after which they are dropped.',
  'capture.max_kb': 'Longest text that is kept of each.',
};

const VARIABLES: Record<string, string> = {
  TOKENWORKS_HOME: 'Data folder; `./.tokenworks` unless given.',
  TOKENWORKS_CONFIG: 'Configuration file; `./tokenworks.yaml`, if it is there, unless given.',
  TOKENWORKS_PORT: 'Port to listen on.',
  TOKENWORKS_HOST: 'Address to listen on.',
  TOKENWORKS_ADMIN_KEY: 'The admin key; a generated one in `$TOKENWORKS_HOME/admin-key` unless given.',
  TOKENWORKS_URL: 'Server that commands ask.',
  TOKENWORKS_LOG: '`debug`, `info`, `warn`, `error` or `silent`; `info` unless given.',
  DATABASE_URL: 'PostgreSQL server (15 or later) instead of the embedded database.',
  REDIS_URL: 'Redis or Valkey for limits of several processes.',
};

/** Accepted, and without effect until its issue is done: nothing is said of it until then. */
const NOT_YET = new Set<unknown>(['gguf', 'REDIS_URL']);

interface Field {
  path: string;
  schema: Schema;
  needed: boolean;
}

function fieldsOf(schema: Schema, path: string): Field[] {
  const object = objectOf(schema);
  if (!object) return [];
  const own = Object.entries(object.properties ?? {}).flatMap(([name, child]): Field[] => {
    const at = path ? `${path}.${name}` : name;
    return [{ path: at, schema: child, needed: object.required?.includes(name) ?? false }, ...nested(child, at)];
  });
  const values = object.additionalProperties;
  return typeof values === 'object' ? [...own, { path: `${path}.*`, schema: values, needed: false }] : own;
}

function nested(schema: Schema, path: string): Field[] {
  return schema.items ? fieldsOf(schema.items, `${path}[]`) : fieldsOf(schema, path);
}

/** The object among alternatives, such as a target that may be a name or an object. */
function objectOf(schema: Schema): Schema | undefined {
  if (schema.properties || typeof schema.additionalProperties === 'object') return schema;
  return schema.anyOf?.find((option) => option.properties !== undefined);
}

function typeOf(schema: Schema): string {
  if (schema.enum)
    return schema.enum
      .filter((value) => !NOT_YET.has(value))
      .map((value) => `\`${String(value)}\``)
      .join(', ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.properties || typeof schema.additionalProperties === 'object') return 'map';
  const type = [schema.type ?? 'anything'].flat().join(' or ');
  const most =
    schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER ? `, at most ${schema.maximum}` : '';
  return `${type}${most}`;
}

function standardOf(schema: Schema): string {
  const { default: value } = schema;
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0))
    return '';
  return `\`${JSON.stringify(value).replaceAll('"', '')}\``;
}

function same(what: string, code: readonly string[], described: readonly string[]): void {
  const missing = code.filter((name) => !described.includes(name));
  const stale = described.filter((name) => !code.includes(name));
  if (missing.length + stale.length === 0) return;
  throw new Error(
    `config-docs: ${what} without a description: ${missing.join(', ') || 'none'}; descriptions of what is not there: ${stale.join(', ') || 'none'}`,
  );
}

const { configFileSchema } = config as { configFileSchema?: z.ZodType };
if (!configFileSchema) throw new Error('config-docs: src/config.ts does not export configFileSchema');
const fields = fieldsOf(
  z.toJSONSchema(configFileSchema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Schema,
  '',
);
same(
  'fields',
  fields.map(({ path }) => path),
  Object.keys(MEANING),
);
const source = readFileSync(new URL('../src/config.ts', import.meta.url), 'utf8');
const read = [...new Set([...source.matchAll(/\benv\.([A-Z][A-Z0-9_]+)/g)].map((match) => match[1]!))];
same('variables', read, Object.keys(VARIABLES));

const text = [
  '# Configuration',
  '',
  'Tokenworks needs no configuration. What there is comes from `tokenworks.yaml`, from the environment and from the command line; the latter win.',
  `In the file every text may refer to variables of the environment as \`\${NAME}\`. It is validated: an unknown field is an error that names its line.`,
  'What the file owns can’t be changed by API (`managed_by_file`).',
  '',
  '## tokenworks.yaml',
  '',
  '| Field | Type | Unless given | |',
  '|---|---|---|---|',
  ...fields.map(
    ({ path, schema, needed }) =>
      `| \`${path}\` | ${cell(typeOf(schema))} | ${needed ? '**needed**' : standardOf(schema)} | ${cell(MEANING[path]!)} |`,
  ),
  '',
  '## Environment',
  '',
  '| Variable | |',
  '|---|---|',
  ...Object.entries(VARIABLES)
    .filter(([name]) => !NOT_YET.has(name))
    .map(([name, meaning]) => `| \`${name}\` | ${cell(meaning)} |`),
  '',
  'Providers are found by the variables that hold their keys: `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, `GEMINI_API_KEY`, `ARK_API_KEY`, `DEEPSEEK_API_KEY`,',
  '`DASHSCOPE_API_KEY`, `MOONSHOT_API_KEY`, `ZHIPU_API_KEY`, `OPENROUTER_API_KEY` and others; `tokenworks providers` shows which were found.',
];
publish('docs/reference/config.md', text.join('\n'), 'config-docs.ts');
