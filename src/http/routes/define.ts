/** How a route is declared: once, for routing, checking, access and the OpenAPI document alike. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Principal } from '../../accounts/index.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { ERROR_CODES } from '../../base/errors.ts';
import { ErrorAnswer } from '../../contract/control/index.ts';
import type { Audit } from '../../store/index.ts';
import type { Auth } from '../middleware/auth.ts';
import { parseWith, readBytes, readJson, readQuery } from '../middleware/body.ts';

/** What the serving thread parses and checks in about 10 ms at worst, whatever is in it; routes that take more read it elsewhere. */
export const CONTROL_BODY_BYTES = 128 * 1024;
/** The same where the caller need not be an administrator. */
export const KEY_BODY_BYTES = 64 * 1024;

export interface Spec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As OpenAPI writes it: `/admin/v1/keys/{id}`. */
  path: string;
  /** Where the router needs another pattern than that of `path` (an id that contains slashes). */
  pattern?: string;
  tag: string;
  summary: string;
  description?: string;
  params?: P;
  query?: Q;
  body?: B;
  maxBodyBytes?: number;
  /** The handler gets the bytes as `raw` and reads them itself, where that would hold up others; `body` only says in the document what they are. */
  isRaw?: boolean;
  /** Another media type of the body than JSON. */
  bodyType?: string;
  /** 200 unless given. */
  status?: 200 | 201;
  response: R;
  /** Another media type than JSON. */
  responseType?: string;
  /** Further answers: status → what it means. */
  also?: Record<number, { description: string; schema: z.ZodType }>;
  errors?: readonly ErrorCode[];
}

interface Given<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  context: Context;
  params: z.output<P>;
  query: z.output<Q>;
  body: z.output<B>;
  /** The body's bytes, where the route reads them itself; else none. */
  raw: Buffer;
}
export interface AdminGiven<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> extends Given<P, Q, B> {
  /** The audit row of a write by this caller. */
  audit(action: string, target: string, detail?: Record<string, unknown>, organisation?: string): Audit;
}
export interface KeyGiven<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> extends Given<P, Q, B> {
  principal: Principal;
}

type Answer<R extends z.ZodType> = z.input<R> | Response;
type Handler<G, R extends z.ZodType> = (given: G) => Answer<R> | Promise<Answer<R>>;
type None = z.ZodUndefined;

export interface Routes {
  app: OpenAPIHono;
  auth: Auth;
  open<
    P extends z.ZodType = None,
    Q extends z.ZodType = None,
    B extends z.ZodType = None,
    R extends z.ZodType = z.ZodUnknown,
  >(spec: Spec<P, Q, B, R>, handler: Handler<Given<P, Q, B>, R>): void;
  key<
    P extends z.ZodType = None,
    Q extends z.ZodType = None,
    B extends z.ZodType = None,
    R extends z.ZodType = z.ZodUnknown,
  >(spec: Spec<P, Q, B, R>, handler: Handler<KeyGiven<P, Q, B>, R>): void;
  admin<
    P extends z.ZodType = None,
    Q extends z.ZodType = None,
    B extends z.ZodType = None,
    R extends z.ZodType = z.ZodUnknown,
  >(spec: Spec<P, Q, B, R>, handler: Handler<AdminGiven<P, Q, B>, R>): void;
}

type AnySpec = Spec<z.ZodType, z.ZodType, z.ZodType, z.ZodType>;
type Access = 'open' | 'key' | 'admin';

const EMPTY_QUERY = z.strictObject({});
const NO_BYTES = Buffer.alloc(0);

export function createRoutes(auth: Auth): Routes {
  const app = new OpenAPIHono({ strict: false });

  function add(
    access: Access,
    spec: AnySpec,
    answer: (given: Given<z.ZodType, z.ZodType, z.ZodType>, caller: string | Principal) => unknown,
  ): void {
    document(app, access, spec);
    const pattern = spec.pattern ?? spec.path.replaceAll(/\{(.+?)\}/g, ':$1');
    // A query that nobody reads is a mistake that would else pass in silence; but vendors' SDKs add their own (`?beta=true`).
    const query = spec.query ?? (access === 'admin' ? EMPTY_QUERY : undefined);
    app.on(spec.method.toUpperCase(), pattern, async (context) => {
      const caller = access === 'admin' ? await auth.admin(context) : access === 'key' ? await auth.key(context) : '';
      const maxBytes = spec.maxBodyBytes ?? (access === 'admin' ? CONTROL_BODY_BYTES : KEY_BODY_BYTES);
      const given = {
        context,
        params: spec.params && parseWith(spec.params, context.req.param()),
        query: query && parseWith(query, readQuery(context.req.url)),
        raw: spec.isRaw ? await readBytes(context.req.raw, maxBytes) : NO_BYTES,
        body: spec.isRaw ? undefined : spec.body && parseWith(spec.body, await readJson(context, maxBytes)),
      };
      const value = await answer(given, caller);
      return value instanceof Response ? value : context.json(value as object, spec.status ?? 200);
    });
  }

  return {
    app,
    auth,
    open: (spec, handler) => add('open', spec as AnySpec, (given) => handler(given as never)),
    key: (spec, handler) =>
      add('key', spec as AnySpec, (given, principal) => handler({ ...given, principal } as never)),
    admin: (spec, handler) =>
      add('admin', spec as AnySpec, (given, actor) => {
        const audit = (
          action: string,
          target: string,
          detail?: Record<string, unknown>,
          organisation?: string,
        ): Audit => ({
          actor: actor as string,
          action,
          target,
          ...(detail && { detail }),
          ...(organisation !== undefined && { organisation }),
        });
        return handler({ ...given, audit } as never);
      }),
  };
}

const ALWAYS: Record<Access, readonly ErrorCode[]> = {
  open: [],
  key: ['invalid_key'],
  admin: ['invalid_key', 'not_allowed'],
};

/** Puts the route into the OpenAPI document. */
function document(app: OpenAPIHono, access: Access, spec: AnySpec): void {
  const media = spec.responseType ?? 'application/json';
  const codes = [
    ...ALWAYS[access],
    ...(spec.body || spec.query ? (['invalid_request'] as const) : []),
    ...(spec.body ? (['too_large'] as const) : []),
    ...(spec.params ? (['not_found'] as const) : []),
    ...(spec.errors ?? []),
  ];
  const byStatus = Map.groupBy([...new Set(codes)], (code) => ERROR_CODES[code].status);
  app.openAPIRegistry.registerPath({
    method: spec.method,
    path: spec.path,
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    operationId: operationId(spec),
    security: access === 'open' ? [] : access === 'key' ? [{ key: [] }] : [{ admin: [] }, { session: [] }],
    request: {
      ...(spec.params && { params: spec.params as z.ZodObject }),
      ...(spec.query && { query: spec.query as z.ZodObject }),
      ...(spec.body && {
        body: { required: true, content: { [spec.bodyType ?? 'application/json']: { schema: spec.body } } },
      }),
    },
    responses: {
      [spec.status ?? 200]: { description: 'Done.', content: { [media]: { schema: spec.response } } },
      ...Object.fromEntries(
        Object.entries(spec.also ?? {}).map(([status, { description, schema }]) => [
          status,
          { description, content: { 'application/json': { schema } } },
        ]),
      ),
      ...Object.fromEntries(
        [...byStatus].map(([status, list]) => [
          status,
          {
            description: list.map((code) => `\`${code}\``).join(', '),
            content: { 'application/json': { schema: ErrorAnswer } },
          },
        ]),
      ),
    },
  });
}

/** `GET /admin/v1/keys/{id}` → `getAdminKeysId`. */
function operationId(spec: AnySpec): string {
  const words = spec.path
    .replace(/^\/(?:admin\/v1|v1)?/, (prefix) => (prefix.startsWith('/admin') ? 'admin/' : '/'))
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return spec.method + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}
