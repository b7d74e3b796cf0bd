/** The OpenAPI document as one HTML page: no script, no font, nothing from elsewhere. */
import type { OpenAPIHono } from '@hono/zod-openapi';

export type OpenApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

/** Parts of the document, as far as the page shows them. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  additionalProperties?: boolean | Schema;
  description?: string;
  default?: unknown;
  format?: string;
  pattern?: string;
  const?: unknown;
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: Schema;
  description?: string;
}
type Content = Record<string, { schema?: Schema }>;
interface Operation {
  tags?: string[];
  summary?: string;
  description?: string;
  security?: Record<string, unknown>[];
  parameters?: Parameter[];
  requestBody?: { content?: Content };
  responses?: Record<string, { description?: string; content?: Content }>;
}

export const DOCS_STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--text:#1c2321;--back:#fbfbf9;--accent:#0b6e5a;--dim:#667}
@media(prefers-color-scheme:dark){:root{--text:#e4e8e6;--back:#141817;--accent:#5fd0b5;--dim:#9aa5a1}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:15px/1.55 system-ui,"PingFang SC","Noto Sans SC",sans-serif}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem 6rem}
h1{font-size:1.6rem;margin:0 0 .4rem}
h2{font-size:1.05rem;margin:2.4rem 0 .6rem}
p{margin:.4rem 0;max-width:44rem}
nav{display:flex;flex-wrap:wrap;gap:.3rem .9rem;margin:1rem 0}
a{color:var(--accent)}
details{border-top:1px solid var(--line)}
details:last-of-type{border-bottom:1px solid var(--line)}
summary{cursor:pointer;padding:.5rem .2rem;display:grid;grid-template-columns:4.5rem minmax(0,1fr);gap:.2rem .6rem;list-style:none}
summary::-webkit-details-marker{display:none}
summary:hover{background:var(--soft)}
summary:focus-visible{outline:2px solid var(--accent)}
summary small{grid-column:2;color:var(--dim);font-size:.85rem}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.verb{color:var(--accent);font-weight:600}
.body{padding:0 .2rem 1rem 5.3rem}
@media(max-width:40rem){.body{padding-left:.2rem}}
h3{font-size:.85rem;margin:1rem 0 .2rem;color:var(--dim);font-weight:600}
dl{margin:.2rem 0;display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.15rem .9rem}
dt,dd{margin:0}
dd dl{border-left:1px solid var(--line);padding-left:.8rem}
.dim{color:var(--dim);font-size:.88rem}
`;

const ACCESS: Record<string, string> = { key: 'API key', admin: 'admin key', session: 'console session' };

export function docsPage(document: OpenApiDocument): string {
  const groups = new Map<string, string[]>();
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [verb, operation] of Object.entries(item as Record<string, Operation>)) {
      const tag = operation.tags?.[0] ?? 'Other';
      const list = groups.get(tag) ?? [];
      list.push(operationHtml(verb, path, operation));
      groups.set(tag, list);
    }
  }
  const names = [...groups.keys()];
  const schemas = Object.entries((document.components?.schemas ?? {}) as Record<string, Schema>);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(document.info.title)} API</title>
<style>${DOCS_STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(document.info.title)} API <span class="dim">${escaped(document.info.version)}</span></h1>
<p>${prose(document.info.description ?? '')}</p>
<p><a href="/openapi.json">openapi.json</a></p>
<nav>${[...names, 'Shapes'].map((name) => `<a href="#${anchor(name)}">${escaped(name)}</a>`).join('')}</nav>
${names.map((name) => `<h2 id="${anchor(name)}">${escaped(name)}</h2>\n${groups.get(name)!.join('\n')}`).join('\n')}
<h2 id="shapes">Shapes</h2>
${schemas.map(([name, schema]) => schemaHtml(name, schema)).join('\n')}
</main>
</body>
</html>
`;
}

function operationHtml(verb: string, path: string, operation: Operation): string {
  const access = (operation.security ?? []).flatMap((one) => Object.keys(one)).map((name) => ACCESS[name] ?? name);
  const parts = [
    operation.description ? `<p>${prose(operation.description)}</p>` : '',
    `<p class="dim">${access.length > 0 ? `Needs: ${access.join(' or ')}.` : 'Open to all.'}</p>`,
    parametersHtml(operation.parameters ?? []),
    contentHtml('Body', operation.requestBody?.content),
    ...Object.entries(operation.responses ?? {}).map(([status, answer]) =>
      Number(status) < 400 || Number(status) === 503
        ? contentHtml(`${status} ${answer.description ?? ''}`, answer.content)
        : refusalHtml(status, answer.description),
    ),
  ];
  return `<details><summary><code class="verb">${verb.toUpperCase()}</code><code>${escaped(path)}</code><small>${prose(operation.summary ?? '')}</small></summary>
<div class="body">${parts.join('')}</div></details>`;
}

function refusalHtml(status: string, description = ''): string {
  return `<p class="dim">${status}: ${prose(description)}</p>`;
}

function parametersHtml(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(
    (parameter) =>
      `<dt><code>${escaped(parameter.name)}</code>${parameter.required ? '' : '<span class="dim">?</span>'}</dt><dd>${typeHtml(parameter.schema ?? {})} <span class="dim">${escaped(parameter.in)}</span> ${prose(parameter.schema?.description ?? parameter.description ?? '')}</dd>`,
  );
  return `<h3>Parameters</h3><dl>${rows.join('')}</dl>`;
}

function contentHtml(title: string, content: Content | undefined): string {
  const entries = Object.entries(content ?? {});
  if (entries.length === 0) return '';
  const bodies = entries.map(
    ([media, { schema }]) =>
      `${media === 'application/json' ? '' : `<p class="dim">${escaped(media)}</p>`}${shapeHtml(schema ?? {})}`,
  );
  return `<h3>${prose(title)}</h3>${bodies.join('')}`;
}

function schemaHtml(name: string, schema: Schema): string {
  return `<details id="shape-${anchor(name)}"><summary><code class="verb">shape</code><code>${escaped(name)}</code><small>${prose(schema.description ?? '')}</small></summary>
<div class="body">${shapeHtml(schema)}</div></details>`;
}

/** An object with its fields; anything else in one line. */
function shapeHtml(schema: Schema): string {
  if (!schema.properties) return `<p>${typeHtml(schema)} ${prose(schema.description ?? '')}</p>`;
  const required = new Set(schema.required);
  const rows = Object.entries(schema.properties).map(([name, field]) => {
    const inner = field.properties ?? field.items?.properties;
    const note = [
      field.description ?? '',
      field.default === undefined ? '' : `Default ${JSON.stringify(field.default)}.`,
    ]
      .filter(Boolean)
      .join(' ');
    return `<dt><code>${escaped(name)}</code>${required.has(name) ? '' : '<span class="dim">?</span>'}</dt><dd>${typeHtml(field)} ${prose(note)}${inner ? shapeHtml(field.properties ? field : field.items!) : ''}</dd>`;
  });
  return `<dl>${rows.join('')}</dl>`;
}

function typeHtml(schema: Schema): string {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1)!;
    return `<a href="#shape-${anchor(name)}">${escaped(name)}</a>`;
  }
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(JSON.stringify(value))).join(' | ');
  const several = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (several) return several.map(typeHtml).join(schema.allOf ? ' &amp; ' : ' | ');
  if (schema.items) return `list of ${typeHtml(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') return `map to ${typeHtml(schema.additionalProperties)}`;
  const type = [schema.type ?? 'any'].flat().join(' | ');
  return code(schema.format ? `${type} (${schema.format})` : type);
}

function code(text: string): string {
  return `<code>${escaped(text)}</code>`;
}

/** Text in which `code` is marked by backticks. */
function prose(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function anchor(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
