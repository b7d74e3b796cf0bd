/** A conversation that goes on at another provider: what that one refuses stays behind, by name, and the rest arrives. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type Ask, type ChatSurface, SURFACES, speak } from './speak.ts';
import { type Answer, says, USAGE } from './upstreams/answer.ts';
import { type Column, columnOf, type World } from './world.ts';

export function movesSuite(shared: () => World): void {
  let world: World;
  before(() => {
    world = shared();
  });

  const STATIONS = ['openai', 'compatible', 'ark', 'anthropic', 'gemini', 'bedrock', 'ollama'].map(columnOf);
  const PROOF = 'cHJvb2Ytb2YtdGhlLWZpcnN0';
  const CALL_PROOF = 'cHJvb2Ytb2YtdGhlLWNhbGw=';

  /** Who reads whose proofs. */
  const FAMILY: Record<string, string> = { anthropic: 'claude', bedrock: 'claude' };
  const familyOf = ({ id }: Column): string => FAMILY[id] ?? id;

  const tools = [{ name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }];
  const start: Omit<Ask, 'model'> = { turns: [{ user: 'What is the weather in Paris?' }], tools, effort: 'medium' };

  function firstAnswer(column: Column): Answer {
    const call = { id: 'call_a1B2c3', name: 'get_weather', args: { city: 'Paris' } };
    return {
      parts: [
        { type: 'thinking', text: 'I have to look that up.', proof: PROOF },
        { type: 'text', text: 'One moment.' },
        { type: 'call', ...call, ...(column.id === 'gemini' ? { proof: CALL_PROOF } : {}) },
      ],
      stop: 'tools',
      usage: { ...USAGE, reasoning: 9 },
    };
  }

  /** A server of unknown make may well be one that reads them; and one vendor's item of the responses API looks like another's. */
  function takesAnything(surface: ChatSurface, from: Column, to: Column): boolean {
    if (to.id === 'compatible') return to.passes.includes(surface);
    return surface === 'responses' && from.passes.includes(surface) && to.passes.includes(surface);
  }

  async function move(surface: ChatSurface, from: Column, to: Column, stream: boolean): Promise<void> {
    world.upstream.answer = firstAnswer(from);
    const said = await speak(world, surface, { ...start, model: from.model }, stream);
    const results = [{ id: said.calls[0]!.id, text: 'Nineteen degrees.' }];
    world.upstream.answer = says('Mild.');
    const turns = [...start.turns, { said }, { results }];
    const reply = await speak(world, surface, { ...start, model: to.model, turns }, stream);
    assert.equal(reply.text, 'Mild.');
    const { text } = world.upstream.last()!;
    for (const arrives of ['One moment.', 'get_weather', 'Nineteen degrees.'])
      assert.ok(text.includes(arrives), `${arrives}: ${text}`);
    if (takesAnything(surface, from, to)) return;
    for (const mark of ['tokenworks.', 'tw-signature:', 'gemini:'])
      assert.ok(!text.includes(mark), `${mark} is ours alone: ${text}`);
    const kept = text.includes('I have to look that up.');
    if (familyOf(from) !== familyOf(to)) {
      for (const proof of [PROOF, CALL_PROOF])
        assert.ok(!text.includes(proof), `a proof that ${to.id} can not read: ${text}`);
      // Claude's and Gemini's refuse thoughts that they have not signed; OpenAI refuses fields that it does not know.
      if (['anthropic', 'bedrock', 'gemini', 'openai'].includes(to.id)) {
        assert.ok(!kept, `thoughts without a proof: ${text}`);
        assert.ok(!/reasoning_content|reasoning_details|extra_content|"signature":""/.test(text), text);
      }
      if (said.reasoning !== '' && !kept) {
        assert.ok(
          world.warnings().some((name) => /reasoning|thinking/.test(name)),
          `lost in silence; warnings: ${world.warnings().join(', ') || 'none'}`,
        );
      }
    }
  }

  for (const surface of SURFACES) {
    describe(surface, () => {
      for (const from of STATIONS) {
        for (const to of STATIONS.filter((each) => each !== from)) {
          it(`${from.id} → ${to.id}`, async () => {
            for (const stream of [false, true]) await move(surface, from, to, stream);
          });
        }
      }
    });
  }
}
