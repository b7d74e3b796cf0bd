/** Nothing is dropped in silence: each field of each surface is carried to the provider, or named in the warnings header, or refused. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  type Body,
  CHAT_BASE,
  CHAT_CASES,
  CHAT_SCHEMA_FIELDS,
  EMBEDDINGS_BASE,
  EMBEDDINGS_CASES,
  type FieldCase,
  MESSAGES_BASE,
  MESSAGES_CASES,
  MESSAGES_SCHEMA_FIELDS,
  RESPONSES_BASE,
  RESPONSES_CASES,
  RESPONSES_SCHEMA_FIELDS,
} from './fields.ts';
import { says } from './upstreams/answer.ts';
import type { Seen } from './upstreams/server.ts';
import { COLUMNS, type Column, type World } from './world.ts';

export function droppedFieldsSuite(shared: () => World): void {
  let world: World;
  before(() => {
    world = shared();
  });

  interface Answered {
    status: number;
    warnings: string[];
    param: string | undefined;
    text: string;
    /** What the provider got; undefined where nothing was sent. */
    sent: string | undefined;
  }

  const PATHS = {
    chat: '/v1/chat/completions',
    responses: '/v1/responses',
    messages: '/v1/messages',
    embeddings: '/v1/embeddings',
  };
  type Section = keyof typeof PATHS;

  async function post(section: Section, body: Body): Promise<Answered> {
    const before = world.upstream.seen.length;
    world.upstream.answer = says('{"mark_schema":"x"}');
    const answer = await world.tw.post(PATHS[section], body, world.secret);
    const text = await answer.text();
    const param =
      answer.status === 200
        ? undefined
        : ((JSON.parse(text) as { error: { param?: string | null } }).error.param ?? undefined);
    const sent = world.upstream.seen.length > before ? everythingSent(world.upstream.last()!) : undefined;
    const warnings = (answer.headers.get('x-tokenworks-warnings') ?? '').split(', ');
    return { status: answer.status, warnings, param, text, sent };
  }

  /** The body, and the headers that a feature may travel in. */
  function everythingSent(seen: Seen): string {
    const headers = Object.entries(seen.headers).filter(([name]) => /^(x-vertex|anthropic|openai)/.test(name));
    return `${seen.text} ${JSON.stringify(headers)}`;
  }

  async function assertNotDropped(section: Section, column: Column, base: Body, one: FieldCase): Promise<void> {
    const model = section === 'embeddings' ? column.embeddings : column.model;
    const plain = { model, ...structuredClone(base) };
    one.beside?.(plain);
    const body = structuredClone(plain);
    one.change(body);
    const answered = await post(section, body);
    const last = one.field.split(/[. ]/).at(one.field.endsWith(' alone') || one.field.endsWith(' off') ? 0 : -1)!;
    const named = (name: string): boolean =>
      name === one.field ||
      name === last ||
      name.startsWith(`${one.field}.`) ||
      name.startsWith(`${one.field}[`) ||
      (one.aliases?.test(name) ?? false);
    if (answered.status === 400) {
      assert.equal(answered.sent, undefined, 'a refusal comes before anything is sent');
      assert.ok(answered.param && named(answered.param), `refused, but not by its name: ${answered.text}`);
      return;
    }
    assert.equal(answered.status, 200, answered.text);
    if (answered.warnings.some(named) || one.given?.includes(column.id)) return;
    if (column.id === 'reflex') {
      assert.ok(one.reflexUses, `dropped in silence; warnings: ${answered.warnings.join(', ') || 'none'}`);
      return;
    }
    assert.ok(answered.sent !== undefined);
    const sent =
      one.mark === undefined ? answered.sent !== (await post(section, plain)).sent : answered.sent.includes(one.mark);
    assert.ok(sent, `dropped in silence; warnings: ${answered.warnings.join(', ') || 'none'}; sent: ${answered.sent}`);
  }

  const SECTIONS: [Section, Body, FieldCase[], string[]][] = [
    ['chat', CHAT_BASE, CHAT_CASES, CHAT_SCHEMA_FIELDS],
    ['responses', RESPONSES_BASE, RESPONSES_CASES, RESPONSES_SCHEMA_FIELDS],
    ['messages', MESSAGES_BASE, MESSAGES_CASES, MESSAGES_SCHEMA_FIELDS],
    ['embeddings', EMBEDDINGS_BASE, EMBEDDINGS_CASES, []],
  ];

  for (const [section, base, cases, schemaFields] of SECTIONS) {
    describe(section, () => {
      it("tries every field of the surface's own description", () => {
        const tried = new Set(cases.map((each) => each.field));
        assert.deepEqual(
          schemaFields.filter((field) => !tried.has(field)),
          [],
        );
      });
      for (const one of cases) {
        it(one.field, async () => {
          const failures: string[] = [];
          for (const column of COLUMNS) {
            if (section === 'embeddings' && !column.embeddings) continue;
            try {
              await assertNotDropped(section, column, base, one);
            } catch (error) {
              failures.push(`${column.id}: ${(error as Error).message}`);
            }
          }
          assert.deepEqual(failures, []);
        });
      }
    });
  }
}
