import type { Command } from 'commander';
import type { ProviderTest, ProviderView } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';

export function addProviders(program: Command, io: Io): void {
  const providers = program.command('providers').description('providers that are connected');
  withConnection(
    providers.command('list', { isDefault: true }).description('name, protocol, address and where each comes from'),
  ).action((options: AskOptions) => listProviders(options, io));
  withConnection(
    providers.command('test').description('ask a provider for its models').argument('<name>', 'name of the provider'),
  ).action((name: string, options: AskOptions) => testProvider(name, options, io));
}

async function listProviders(options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { formatTable }] = await Promise.all([import('../client.ts'), import('../table.ts')]);
  const rows = await connect(options).list<ProviderView>('/admin/v1/providers');
  if (options.json) return printJson(io, { data: rows });
  if (rows.length === 0)
    return io.out(
      'No provider is connected. Set OPENAI_API_KEY, ANTHROPIC_API_KEY, ARK_API_KEY … before the start, or write tokenworks.yaml.',
    );
  io.out(
    formatTable<ProviderView>(
      [
        { title: 'name', value: (row) => row.name },
        { title: 'protocol', value: (row) => row.protocol },
        { title: 'address', value: (row) => row.base_url },
        { title: 'from', value: (row) => row.managed_by },
        { title: 'secrets', value: (row) => row.secrets.join(', ') || 'none' },
      ],
      rows,
    ),
  );
}

async function testProvider(name: string, options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { AppError }, { count, duration }] = await Promise.all([
    import('../client.ts'),
    import('../../base/errors.ts'),
    import('../format.ts'),
  ]);
  const result = await connect(options).send<ProviderTest>(
    'POST',
    `/admin/v1/providers/${encodeURIComponent(name)}/test`,
  );
  if (options.json) printJson(io, result);
  if (!result.ok)
    throw new AppError('upstream_error', `${name} does not work: ${result.problem ?? 'it gave no reason'}`);
  if (!options.json) io.out(`${name} answered in ${duration(result.ms)} with ${count(result.models.length)} models.`);
}
