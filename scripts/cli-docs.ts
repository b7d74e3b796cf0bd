/** Writes docs/reference/cli.md from the commands themselves: `node scripts/cli-docs.ts [--check]`. */
import type { Command, Option } from 'commander';
import { createProgram } from '../src/cli/program.ts';
import { cell, publish } from './reference.ts';

function usageOf(command: Command, parents: readonly string[]): string {
  const words = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  );
  const mandatory = command.options
    .filter((option) => option.mandatory && option.defaultValue === undefined)
    .map((option) => option.flags);
  const rest = command.options.length > mandatory.length ? ['[options]'] : [];
  return [...parents, command.name(), ...words, ...mandatory, ...rest].join(' ');
}

function describeOption(option: Option): string {
  const standard = option.defaultValue === undefined ? '' : ` (default: ${String(option.defaultValue)})`;
  return `| \`${cell(option.flags)}\` | ${cell(option.description + standard)}${option.mandatory ? ' **Needed.**' : ''} |`;
}

function describe(command: Command, parents: readonly string[]): string[] {
  const children = command.commands.filter((child) => child.name() !== 'help');
  if (children.length > 0) {
    const isDefault = (child: Command) =>
      (command as Command & { _defaultCommandName?: string })._defaultCommandName === child.name();
    const standard = children.find(isDefault);
    const note = standard ? [`\`${[...parents, command.name()].join(' ')}\` alone is \`${standard.name()}\`.`, ''] : [];
    return [
      `## ${command.name()}`,
      '',
      `${sentence(command.description())}`,
      '',
      ...note,
      ...children.flatMap((child) => describe(child, [...parents, command.name()])),
    ];
  }
  const options = command.options.map(describeOption);
  const table = options.length > 0 ? ['| Option | |', '|---|---|', ...options, ''] : [];
  const words = command.registeredArguments.map((argument) => `- \`${argument.name()}\`: ${argument.description}`);
  return [
    `${parents.length > 1 ? '###' : '##'} ${[...parents.slice(1), command.name()].join(' ')}`,
    '',
    '```',
    usageOf(command, parents),
    '```',
    '',
    sentence(command.description()),
    '',
    ...(words.length > 0 ? [...words, ''] : []),
    ...table,
  ];
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;
}

const program = createProgram({ out: () => {}, note: () => {} });
const lines = [
  '# Command line',
  '',
  'In a clone: `npx tokenworks …`; where the package is installed: `npx tokenworks …` or `node_modules/.bin/tokenworks …`.',
  '',
  'Commands ask the running server over HTTP, with the admin key. They find it by `$TOKENWORKS_HOME/server.json`, which the server writes while it runs,',
  'or by `--url` or `TOKENWORKS_URL`; the key is in `TOKENWORKS_ADMIN_KEY` or in `$TOKENWORKS_HOME/admin-key`.',
  '',
  'Exit codes: 0 done; 1 failed, with one line on standard error that says why; 2 wrong usage. `--json` prints the server’s answer as it came.',
  '',
  ...program.commands.flatMap((command) => describe(command, ['tokenworks'])),
];
publish('docs/reference/cli.md', lines.join('\n'), 'cli-docs.ts');
