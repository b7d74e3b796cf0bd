import type { Command } from 'commander';
import type { ReflexModelView, ReflexVersionView } from '../../contract/control/index.ts';
import { type AskOptions, withConnection } from '../connection.ts';
import { type Io, printJson } from '../io.ts';
import { wholeNumber } from '../options.ts';
import { WrongUsage } from '../wrong-usage.ts';

const PATH = '/v1/reflex/models';
const MAX_VERSION = 1_000_000_000;

interface EvalOptions {
  train: string;
  test: string;
  vectors?: boolean;
  home?: string;
  json?: boolean;
}

interface TrainOptions extends AskOptions {
  name: string;
  vectors?: boolean;
}

interface PredictOptions extends AskOptions {
  file?: string;
}

interface Meaning {
  intent: string;
  confidence: number;
  slots: { name: string; value: string }[];
}

interface Prediction extends Meaning {
  parts?: (Meaning & { text: string })[];
  ms: number;
}

export function addReflex(program: Command, io: Io): void {
  const reflex = program.command('reflex').description('the built-in model that learns from examples');
  withConnection(
    reflex.command('list', { isDefault: true }).description('models of the default project').allowExcessArguments(),
  ).action((options: AskOptions, command: Command) => {
    // What is no command comes here, as `list` is what runs where none is given.
    const [other] = command.args;
    if (other !== undefined) {
      const names = reflex.commands.map((one) => one.name()).join(', ');
      throw new WrongUsage(`reflex takes ${names}; there is no command "${other}".`);
    }
    return list(options, io);
  });
  withConnection(
    reflex
      .command('train')
      .description('train a model on a file; takes the place of one of that name')
      .argument('<file>', 'JSON lines of {"text", "intent", "slots", "reply"}')
      .requiredOption('--name <name>', 'name of the model: it is called as reflex/<name>')
      .option('--vectors', 'read English texts with vectors too (npx tokenworks add vectors)'),
  ).action((file: string, options: TrainOptions) => train(file, options, io));
  withConnection(
    reflex
      .command('predict')
      .description('ask a model what texts mean')
      .argument('<name>', 'the model')
      .argument('[texts...]', 'the texts')
      .option('--file <file>', 'a text a line, instead'),
  ).action((name: string, texts: string[], options: PredictOptions) => predict(name, texts, options, io));
  reflex
    .command('eval')
    .description('train on one file and measure on another; needs no server')
    .requiredOption('--train <file>', 'JSON lines of {"text", "intent", "slots"}')
    .requiredOption('--test <file>', 'the same; the intent "oos" means out of scope')
    .option('--vectors', 'read English texts with vectors too (npx tokenworks add vectors)')
    .option('--home <dir>', 'data folder that has the vectors (default: TOKENWORKS_HOME, or ./.tokenworks)')
    .option('--json', 'print the answer as JSON')
    .action((options: EvalOptions) => evaluateFiles(options, io));
  withConnection(
    reflex.command('versions').description('trainings of a model that are kept').argument('<name>', 'the model'),
  ).action((name: string, options: AskOptions) => versions(name, options, io));
  withConnection(
    reflex
      .command('activate')
      .description('go back to a training')
      .argument('<name>', 'the model')
      .argument('<version>', 'its number', wholeNumber('version', 1, MAX_VERSION)),
  ).action((name: string, version: number, options: AskOptions) => activate(name, version, options, io));
  withConnection(
    reflex
      .command('export')
      .description('write a model with its examples to a file')
      .argument('<name>', 'the model')
      .argument('<file>', 'the file to write'),
  ).action((name: string, file: string, options: AskOptions) => exportModel(name, file, options, io));
  withConnection(
    reflex
      .command('import')
      .description('take in a model that was exported')
      .argument('<file>', 'the file')
      .requiredOption('--name <name>', 'name of the model'),
  ).action((file: string, options: TrainOptions) => importModel(file, options, io));
  withConnection(
    reflex.command('remove').description('remove a model for good').argument('<name>', 'the model'),
  ).action((name: string, options: AskOptions) => remove(name, options, io));
}

const pathOf = (name: string): string => `${PATH}/${encodeURIComponent(name)}`;

async function list(options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { formatTable }, { bytes, count, localTime }] = await Promise.all([
    import('../client.ts'),
    import('../table.ts'),
    import('../format.ts'),
  ]);
  const answer = await connect(options).get<{ data: ReflexModelView[] }>(PATH);
  if (options.json) return printJson(io, answer);
  io.out(
    formatTable<ReflexModelView>(
      [
        { title: 'model', value: (model) => model.model },
        { title: 'state', value: (model) => model.status },
        { title: 'examples', value: (model) => count(model.examples), align: 'right' },
        { title: 'waiting', value: (model) => count(model.pending), align: 'right', optional: true },
        { title: 'intents', value: (model) => count(model.intents.length), align: 'right' },
        { title: 'version', value: (model) => String(model.version), align: 'right', optional: true },
        { title: 'size', value: (model) => (model.bytes > 0 ? bytes(model.bytes) : ''), align: 'right' },
        { title: 'trained', value: (model) => localTime(model.trained_at), optional: true },
        { title: 'vectors', value: (model) => (model.vectors ? 'yes' : ''), optional: true },
      ],
      answer.data,
    ),
  );
}

async function train(file: string, options: TrainOptions, io: Io): Promise<void> {
  const [{ connect }, { readExamples }] = await Promise.all([import('../client.ts'), import('../read-examples.ts')]);
  const examples = readExamples(file);
  const client = connect(options);
  io.note(`training on ${examples.length} examples …`);
  const body = { name: options.name, examples, ...(options.vectors && { vectors: true }) };
  let phase = '';
  for await (const { event, data } of client.events(PATH, body)) {
    const value = JSON.parse(data) as Record<string, unknown>;
    if (event === 'progress' && value.phase !== phase) {
      phase = String(value.phase);
      io.note(`  ${phase}`);
    }
    if (event === 'error') throw await errorOf(value.error as { code: string; message: string });
    if (event === 'model') return showModel(value as unknown as ReflexModelView, options, io);
  }
  const { AppError } = await import('../../base/errors.ts');
  throw new AppError(
    'upstream_error',
    'The server ended before the training did; `tokenworks reflex` shows what it has.',
  );
}

async function errorOf({ code, message }: { code: string; message: string }): Promise<Error> {
  const { AppError, ERROR_CODES } = await import('../../base/errors.ts');
  return new AppError(code in ERROR_CODES ? (code as keyof typeof ERROR_CODES) : 'upstream_error', message);
}

async function showModel(model: ReflexModelView, options: AskOptions, io: Io): Promise<void> {
  if (options.json) return printJson(io, model);
  const [{ formatFacts }, { bytes, count }] = await Promise.all([import('../table.ts'), import('../format.ts')]);
  io.out(
    formatFacts([
      ['model', `${model.model}${model.vectors ? ', with vectors' : ''}`],
      ['examples', `${count(model.examples)} of ${count(model.intents.length)} intents`],
      ['version', `${model.version}, trained in ${model.train_s.toFixed(1)} s, ${bytes(model.bytes)}`],
      ...(model.pending > 0 ? [['waiting', `${count(model.pending)} changes`] as const] : []),
    ]),
  );
}

async function predict(name: string, given: string[], options: PredictOptions, io: Io): Promise<void> {
  if (given.length === 0 && options.file === undefined)
    throw new WrongUsage('predict takes texts, or --file with a text a line.');
  const [{ connect }, { formatTable }] = await Promise.all([import('../client.ts'), import('../table.ts')]);
  const texts = [...given, ...(options.file === undefined ? [] : await linesOf(options.file))];
  const answer = await connect(options).send<Prediction[]>('POST', `${pathOf(name)}/predict`, { texts });
  if (options.json) return printJson(io, answer);
  io.out(
    formatTable<{ text: string; prediction: Meaning; ms?: number }>(
      [
        { title: 'text', value: ({ text }) => text },
        { title: 'intent', value: ({ prediction }) => prediction.intent },
        { title: 'confidence', value: ({ prediction }) => prediction.confidence.toFixed(2), align: 'right' },
        {
          title: 'slots',
          value: ({ prediction }) => prediction.slots.map((slot) => `${slot.name}=${slot.value}`).join(', '),
          optional: true,
        },
        { title: 'ms', value: ({ ms }) => ms?.toFixed(1) ?? '', align: 'right' },
      ],
      answer.flatMap((prediction, index) => [
        { text: texts[index]!, prediction, ms: prediction.ms },
        ...(prediction.parts ?? []).map((part) => ({ text: `- ${part.text}`, prediction: part })),
      ]),
    ),
  );
}

async function linesOf(file: string): Promise<string[]> {
  const text = (await bytesOf(file)).toString('utf8');
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
}

/** Throws AppError where the file can't be read. */
async function bytesOf(file: string): Promise<Buffer<ArrayBuffer>> {
  const [{ readFile }, { AppError }] = await Promise.all([import('node:fs/promises'), import('../../base/errors.ts')]);
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new AppError('invalid_request', `${file} can't be read (${error.code}).`);
  });
}

async function versions(name: string, options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { formatTable }, { bytes, count, localTime }] = await Promise.all([
    import('../client.ts'),
    import('../table.ts'),
    import('../format.ts'),
  ]);
  const answer = await connect(options).get<{ data: ReflexVersionView[] }>(`${pathOf(name)}/versions`);
  if (options.json) return printJson(io, answer);
  if (answer.data.length === 0) return io.out('It has not been trained yet.');
  io.out(
    formatTable<ReflexVersionView>(
      [
        { title: 'version', value: (one) => String(one.version), align: 'right' },
        { title: '', value: (one) => (one.active ? 'answers' : '') },
        { title: 'trained', value: (one) => localTime(one.created_at) },
        { title: 'examples', value: (one) => count(one.examples), align: 'right' },
        { title: 'intents', value: (one) => count(one.intents), align: 'right' },
        { title: 'size', value: (one) => bytes(one.bytes), align: 'right' },
        { title: 'hash', value: (one) => one.hash.slice(0, 12) },
      ],
      answer.data,
    ),
  );
}

async function activate(name: string, version: number, options: AskOptions, io: Io): Promise<void> {
  const { connect } = await import('../client.ts');
  const path = `${pathOf(name)}/versions/${version}/activate`;
  await showModel(await connect(options).send<ReflexModelView>('POST', path), options, io);
}

async function exportModel(name: string, file: string, options: AskOptions, io: Io): Promise<void> {
  const [{ connect }, { writeFile }, { AppError }, { bytes }] = await Promise.all([
    import('../client.ts'),
    import('node:fs/promises'),
    import('../../base/errors.ts'),
    import('../format.ts'),
  ]);
  const stream = await connect(options).stream(`${pathOf(name)}/export`);
  const whole = new Uint8Array(await new Response(stream).arrayBuffer());
  await writeFile(file, whole, { mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    throw new AppError('invalid_request', `${file} can't be written (${error.code}).`);
  });
  if (options.json) return printJson(io, { file, bytes: whole.length });
  io.out(`${file}: ${bytes(whole.length)}`);
}

async function importModel(file: string, options: TrainOptions, io: Io): Promise<void> {
  const { connect } = await import('../client.ts');
  const path = `${pathOf(options.name)}/import`;
  await showModel(await connect(options).upload<ReflexModelView>('PUT', path, await bytesOf(file)), options, io);
}

async function remove(name: string, options: AskOptions, io: Io): Promise<void> {
  const { connect } = await import('../client.ts');
  const answer = await connect(options).send('DELETE', pathOf(name));
  if (options.json) return printJson(io, answer);
  io.out(`reflex/${name} is removed.`);
}

async function evaluateFiles(options: EvalOptions, io: Io): Promise<void> {
  const [{ evaluateApart }, { readExamples }] = await Promise.all([
    import('../../reflex/index.ts'),
    import('../read-examples.ts'),
  ]);
  const train = readExamples(options.train);
  const test = readExamples(options.test);
  const vectorsFolder = options.vectors ? await folderOfVectors(options.home) : undefined;
  io.note(`training on ${train.length} examples …`);
  const report = await evaluateApart(
    { train, test, ...(vectorsFolder !== undefined && { vectorsFolder }) },
    { onProgress: teller(io) },
  );
  if (options.json) return printJson(io, report);
  const [{ formatFacts }, { bytes, count }] = await Promise.all([import('../table.ts'), import('../format.ts')]);
  const share = (value: number | null | undefined): string => value?.toFixed(4) ?? '-';
  const coverage = (report as { coverage_at_95?: number | null }).coverage_at_95;
  io.out(
    formatFacts([
      [
        'examples',
        `${count(report.examples)}, trained in ${report.train_s.toFixed(1)} s; ${count(test.length)} in the test`,
      ],
      ['accuracy', `${share(report.accuracy)} (in scope)`],
      ['macro F1', share(report.macro_f1)],
      ['out of scope', `${share(report.oos_recall)} found, ${share(report.in_scope_kept)} of the others kept`],
      ['slot F1', share(report.slot_f1)],
      ['calibration', `${share(report.ece)} expected error`],
      ...(coverage === undefined ? [] : [['coverage', `${share(coverage)} at 95 % precision`] as const]),
      ['latency', `p50 ${report.p50_ms.toFixed(2)} ms, p99 ${report.p99_ms.toFixed(2)} ms`],
      ['model', bytes(report.model_bytes)],
    ]),
  );
}

const TELL_EVERY_MS = 5_000;

/** Notes every phase once, and how far it is while it goes on. */
function teller(io: Io): (progress: { phase: string; done: number; of: number }) => void {
  let phase = '';
  let told_ms = 0;
  return (progress) => {
    const now_ms = performance.now();
    if (progress.phase === phase && now_ms - told_ms < TELL_EVERY_MS) return;
    io.note(progress.phase === phase ? `  ${phase}: ${progress.done} of ${progress.of}` : `  ${progress.phase}`);
    phase = progress.phase;
    told_ms = now_ms;
  };
}

/** Where the English vectors are in the data folder. Throws AppError that says how to bring them. */
async function folderOfVectors(home: string | undefined): Promise<string> {
  const [{ partAt }, { clientConfig }, { AppError }] = await Promise.all([
    import('../../base/parts.ts'),
    import('../settings.ts'),
    import('../../base/errors.ts'),
  ]);
  const part = partAt(clientConfig({ home }).home, 'vectors');
  if (part.version === undefined)
    throw new AppError('not_found', 'The English vectors are not installed; run `npx tokenworks add vectors` first.');
  return part.folder;
}
