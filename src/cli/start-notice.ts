import type { Config } from '../config.ts';
import { formatFacts } from './table.ts';

/** What the notice needs of a running server. */
export interface StartedServer {
  url: string;
  adminKeyFile?: string;
  recovered: { loaded: number; broken: number; damaged: number };
  services: { snapshot(): { connected: readonly ConnectedProvider[] }; consoleTokens: { make(): string } };
}

interface ConnectedProvider {
  provider: { name: string; baseUrl: URL };
  origin: 'file' | 'environment' | 'loopback' | 'api';
}

export interface StartNotice {
  server: StartedServer;
  config: Config;
  version: string;
  /** The console was built. */
  console: boolean;
}

const ORIGINS = {
  file: 'tokenworks.yaml',
  environment: 'from the environment',
  loopback: 'found on this machine',
  api: 'added by API',
};

/** What a person needs after a start: where it listens, where things lie, and a call that works as it stands. */
export function startNotice({ server, config, version, console }: StartNotice): string {
  const facts: [string, string][] = [
    ['data', `${config.home} (${config.databaseUrl ? 'and a PostgreSQL server, DATABASE_URL' : 'embedded database'})`],
    ['config', config.file ?? 'none; tokenworks.yaml is optional'],
    ['admin key', server.adminKeyFile ?? 'TOKENWORKS_ADMIN_KEY'],
    ['console', consoleLine(server, console)],
    ['providers', providersLine(server)],
  ];
  const { loaded, broken, damaged } = server.recovered;
  if (loaded + broken + damaged > 0) {
    facts.push([
      'recovered',
      `${loaded} calls of an earlier process${broken ? `, ${broken} of them broken` : ''}${damaged ? `, ${damaged} damaged lines` : ''}`,
    ]);
  }
  return [
    `Tokenworks ${version} listens on ${server.url}`,
    formatFacts(facts, '  '),
    '',
    'Try it (no provider needed):',
    '',
    `  ${exampleCurl(server)}`,
    '',
    'Then see what it used:  npx tokenworks usage',
    '试试上面的 curl（无需任何模型密钥），再用 npx tokenworks usage 查看用量与费用；npx tokenworks --help 列出全部命令。',
    '',
  ].join('\n');
}

/** A call of the built-in model that can be pasted into a shell. The key itself is not shown. */
export function exampleCurl(server: Pick<StartedServer, 'url' | 'adminKeyFile'>): string {
  const key = server.adminKeyFile === undefined ? '$TOKENWORKS_ADMIN_KEY' : `$(cat ${shellWord(server.adminKeyFile)})`;
  const body = JSON.stringify({ model: 'reflex/default', messages: [{ role: 'user', content: 'Hello' }] });
  return `curl ${server.url}/v1/chat/completions -H "authorization: Bearer ${key}" -H 'content-type: application/json' -d '${body}'`;
}

/** The path as a shell inside double quotes takes it: as it is, or in single quotes. */
function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function consoleLine(server: StartedServer, built: boolean): string {
  if (!built) return 'not built (npm start builds it)';
  return `${server.url}/console/#token=${server.services.consoleTokens.make()} (signs in once, within 10 minutes)`;
}

function providersLine(server: StartedServer): string {
  const named = server.services
    .snapshot()
    .connected.map(({ provider, origin }) => `${provider.name} (${ORIGINS[origin]})`);
  if (named.length > 0) return ['reflex (built in)', ...named].join(', ');
  return 'reflex (built in); set OPENAI_API_KEY, ANTHROPIC_API_KEY, ARK_API_KEY … or write tokenworks.yaml for more';
}
