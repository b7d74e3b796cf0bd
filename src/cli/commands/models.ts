import type { Command } from 'commander';
import type { ModelView } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';

interface ModelOptions extends AskOptions {
  provider?: string;
}

export function addModels(program: Command, io: Io): void {
  withConnection(
    program
      .command('models')
      .description('what can be called, with its price and health')
      .argument('[text]', 'only names that hold this text')
      .option('--provider <name>', 'only this provider’s'),
  ).action((text: string | undefined, options: ModelOptions) => models(text, options, io));
}

async function models(text: string | undefined, options: ModelOptions, io: Io): Promise<void> {
  const [{ connect }, { formatTable }, { count }, { priceCells }] = await Promise.all([
    import('../client.ts'),
    import('../table.ts'),
    import('../format.ts'),
    import('../price-cells.ts'),
  ]);
  const found = await connect(options).list<ModelView>('/admin/v1/models', { provider: options.provider, q: text });
  if (options.json) return printJson(io, { data: found });
  if (found.length === 0) return io.out('No such model.');
  const price = (model: ModelView) => priceCells(model.sell ?? model.cost ?? undefined);
  io.out(
    formatTable<ModelView>(
      [
        { title: 'model', value: (model) => model.id },
        { title: 'kind', value: (model) => model.kind },
        {
          title: 'context',
          value: (model) => (model.context_window ? count(model.context_window) : ''),
          align: 'right',
          optional: true,
        },
        { title: 'input', value: (model) => price(model).input, align: 'right', optional: true },
        { title: 'output', value: (model) => price(model).output, align: 'right', optional: true },
        {
          title: 'per',
          value: (model) => (model.priced ? price(model).per : model.kind === 'model' ? 'no price known' : ''),
          optional: true,
        },
        {
          title: 'targets',
          value: targetsOf,
          optional: true,
        },
        { title: 'state', value: stateOf, optional: true },
      ],
      found,
    ),
  );
}

function targetsOf({ cascade, targets }: ModelView): string {
  const large = targets?.map((target) => target.model).join(', ') ?? '';
  return cascade ? `${cascade.reflex}, then ${large}` : large;
}

/** Of the circuit breaker; a model that is well needs no word. */
function stateOf(model: ModelView): string {
  if (model.cascade?.problem) return 'Reflex never answers; `doctor` says why';
  if (model.health?.state === 'open') return 'failing, left out for now';
  return model.health?.state === 'half_open' ? 'being tried again' : '';
}
