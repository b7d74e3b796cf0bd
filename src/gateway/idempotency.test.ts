import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Vault } from '../accounts/index.ts';
import type { Store, StoredReply } from '../store/index.ts';
import { type Claim, Idempotency, type KeptReply } from './idempotency.ts';

const BODY = Buffer.from('{}');

function setUp() {
  const stored = new Map<string, StoredReply>();
  const store = {
    replies: { get: async (key: string, path: string, name: string) => stored.get(`${key} ${path} ${name}`) },
  };
  const vault = { seal: (text: string) => text, open: (text: string) => text };
  const idempotency = new Idempotency(store as unknown as Store, vault as unknown as Vault, () => 0);
  return {
    ask: (name: string) => idempotency.claim('key', '/path', name, BODY) as Promise<Claim & KeptReply>,
    load: (reply: StoredReply) => stored.set(`${reply.key} ${reply.path} ${reply.idempotencyKey}`, reply),
  };
}

const reply = (body: string): KeptReply => ({ status: 200, headers: {}, body });

test('a reply is given again only once it is kept, which is after the journal has it', async () => {
  const { ask } = setUp();
  const claim = await ask('a');
  const sealed = claim.seal('op', reply('one'))!;
  await assert.rejects(ask('a'), { code: 'conflict' });
  claim.keep(sealed);
  claim.free();
  assert.equal((await ask('a')).body, 'one');
});

test('a reply whose record could not be written frees its key', async () => {
  const { ask } = setUp();
  const claim = await ask('a');
  claim.seal('op', reply('one'));
  claim.free();
  assert.ok('seal' in (await ask('a')));
});

test('one that is too large is not kept', async () => {
  const { ask } = setUp();
  const claim = await ask('a');
  assert.equal(claim.seal('op', reply('x'.repeat(5_000_000))), undefined);
  claim.free();
  assert.ok('seal' in (await ask('a')));
});

test('memory does not hold what the store has, and holds what it has not', async () => {
  const { ask, load } = setUp();
  for (let index = 0; index < 40; index++) {
    const claim = await ask(String(index));
    const sealed = claim.seal('op', reply(`${index} ${'x'.repeat(3_000_000)}`))!;
    // The last ones are still on their way to the store; an early one never gets there.
    if (index !== 3 && index < 30) load({ ...sealed, sealed: JSON.stringify(reply(`${index} from the store`)) });
    claim.keep(sealed);
    claim.free();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(String(index))));
  assert.ok(answers.filter((answer) => answer.body.endsWith('from the store')).length >= 15);
  for (const [index, answer] of answers.entries()) assert.ok(answer.body.startsWith(`${index} `));
  for (const index of [3, 35, 39]) assert.ok(answers[index]!.body.endsWith('x'));
});
