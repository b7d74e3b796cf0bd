/** The official clients against the whole server, over one world: what it costs to start is paid once. */
import { after, before, describe } from 'node:test';
import { addressesSuite } from './addresses.ts';
import { anthropicSuite } from './anthropic-client.ts';
import { arkSuite } from './ark-client.ts';
import { droppedFieldsSuite } from './dropped-fields.ts';
import { movesSuite } from './moves.ts';
import { openaiSuite } from './openai-client.ts';
import { openWorld, type World } from './world.ts';

let world: World;
before(async () => {
  world = await openWorld();
});
after(() => world.close());
const shared = (): World => world;

describe("OpenAI's client", () => openaiSuite(shared));
describe("Anthropic's client", () => anthropicSuite(shared));
describe('Ark', () => arkSuite(shared));
describe('what providers get beside the body', () => addressesSuite(shared));
describe('nothing is dropped in silence', () => droppedFieldsSuite(shared));
describe('conversations that move', () => movesSuite(shared));
