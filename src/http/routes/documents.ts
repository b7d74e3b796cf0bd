/** The OpenAPI document, made from the routes themselves, and a page that shows it without any script. */
import { createHash } from 'node:crypto';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { DOCS_STYLE, docsPage, type OpenApiDocument } from './docs-page.ts';

export function openApiDocument(app: OpenAPIHono, version: string): OpenApiDocument {
  const registry = app.openAPIRegistry;
  if (!registry.definitions.some((definition) => definition.type === 'component')) {
    registry.registerComponent('securitySchemes', 'key', {
      type: 'http',
      scheme: 'bearer',
      description: 'An API key (`tw-…`); `x-api-key` does as well.',
    });
    registry.registerComponent('securitySchemes', 'admin', {
      type: 'http',
      scheme: 'bearer',
      description: 'The admin key; `x-api-key` does as well.',
    });
    registry.registerComponent('securitySchemes', 'session', {
      type: 'apiKey',
      in: 'cookie',
      name: 'tw_session',
      description: 'A signed-in console.',
    });
  }
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Tokenworks',
      version,
      description:
        'One API before every model, every token metered, priced and accounted for. Money is an exact decimal string, a time is ISO 8601, lists are pages of `{data, next}`.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
  });
}

export function documentRoutes(app: OpenAPIHono, version: string): void {
  let json: string | undefined;
  let page: string | undefined;
  const style = createHash('sha256').update(DOCS_STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

  app.get('/openapi.json', (context) => {
    json ??= JSON.stringify(openApiDocument(app, version));
    context.header('content-type', 'application/json');
    return context.body(json);
  });
  app.get('/docs', (context) => {
    page ??= docsPage(openApiDocument(app, version));
    context.header('content-security-policy', policy);
    return context.html(page);
  });
}
