/** The table of features as Markdown, from what the tests observed. */
import { EMBEDDING_FEATURES } from './embedding-features.ts';
import { FEATURES, type Verdict } from './features.ts';
import { SURFACES } from './speak.ts';
import { COLUMNS } from './world.ts';

/** `surface/feature/column` → what was seen. */
export type Observed = Map<string, Verdict>;

export const TABLE_URL = new URL('../../docs/reference/features.md', import.meta.url);

const SIGNS: Record<Verdict, string> = { bytes: '●', yes: '✓', warned: '⚠', refused: '✕', none: '–' };
const TITLES = { chat: 'Chat completions', responses: 'Responses', messages: 'Messages', embeddings: 'Embeddings' };

export function renderTable(observed: Observed): string {
  const sections = [
    ...SURFACES.map((surface) =>
      section(
        surface,
        FEATURES.filter((each) => each.surfaces.includes(surface)),
        observed,
      ),
    ),
    section('embeddings', EMBEDDING_FEATURES, observed),
  ];
  return `${HEAD}\n${sections.join('\n')}`;
}

const HEAD = `# Features by surface and provider

<!-- Written by \`node scripts/features.ts\` from what the tests in src/conformance observed. Do not edit. -->

The official clients (\`openai\`, \`@anthropic-ai/sdk\`), unchanged, speak each surface to a model of each provider, as whole replies and as
streams; every cell is what a test saw.

| Sign | Meaning |
|---|---|
| ● | The client's bytes reach the provider, and the provider's the client, unchanged (but for the model's name and the wish for usage). |
| ✓ | Carried over into the other format. |
| ⚠ | The provider has no such thing, or only nearly: the call is served, and the header \`x-tokenworks-warnings\` (or the reply's text) names what was left out. |
| ✕ | Refused with a 400 that names the field, before anything is sent. |
| – | The provider's format has no such thing to carry. |
`;

function section(
  surface: keyof typeof TITLES,
  features: readonly { id: string; title: string }[],
  observed: Observed,
): string {
  const head = `| | ${COLUMNS.map((column) => column.title).join(' | ')} |\n|---|${COLUMNS.map(() => ':-:|').join('')}`;
  const rows = features.map(({ id, title }) => {
    const cells = COLUMNS.map((column) => {
      const seen = observed.get(`${surface}/${id}/${column.id}`);
      return seen === undefined ? '?' : SIGNS[seen];
    });
    return `| ${title} | ${cells.join(' | ')} |`;
  });
  return `## ${TITLES[surface]}\n\n${head}\n${rows.join('\n')}\n`;
}
