/** Holds every JSON answer against what the OpenAPI document says of its route. */
import assert from 'node:assert/strict';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiDocument } from './documents.ts';

export type AnswerCheck = (method: string, path: string, status: number, body: unknown) => void;

export function createAnswerCheck(app: OpenAPIHono): AnswerCheck {
  const document = openApiDocument(app, '0');
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document as object, 'api');
  const validators = new Map<string, ValidateFunction>();
  const patterns = Object.keys(document.paths ?? {}).map((path) => ({
    path,
    pattern: new RegExp(
      `^${path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{[^}]+\}/g, path.includes('/models/{id}') ? '.+' : '[^/]+')}$`,
    ),
  }));

  return (method, path, status, body) => {
    const plain = path.split('?', 1)[0]!;
    const route = patterns.find((each) => each.path === plain) ?? patterns.find((each) => each.pattern.test(plain));
    if (!route) return;
    const pointer = [
      'paths',
      route.path,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      'application/json',
      'schema',
    ];
    let found: unknown = document;
    for (const step of pointer) found = (found as Record<string, unknown> | undefined)?.[step];
    // A defect of ours is no part of what is promised.
    if (status === 500) return;
    assert.ok(found, `${method} ${route.path} answers ${status}, which its document leaves out`);
    const ref = `api#/${pointer.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
    const validate = validators.get(ref) ?? ajv.compile({ $ref: ref });
    validators.set(ref, validate);
    assert.ok(
      validate(body),
      `${method} ${route.path} ${status}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 500)}`,
    );
  };
}
