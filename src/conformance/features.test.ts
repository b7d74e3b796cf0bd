/** Every cell of the table of features, and the committed table against them. `node scripts/features.ts` writes it anew. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { CELLS } from './cells.ts';
import { type Observed, renderTable, TABLE_URL } from './table.ts';
import { openWorld, type World } from './world.ts';

const observed: Observed = new Map();
let world: World;
before(async () => {
  world = await openWorld();
});
after(() => world.close());

for (const section of new Set(CELLS.map((cell) => cell.section))) {
  describe(section, () => {
    for (const cell of CELLS.filter((each) => each.section === section)) {
      it(cell.name, () => cell.run(world, observed));
    }
  });
}

it('the committed table is what was observed', () => {
  assert.equal(readFileSync(TABLE_URL, 'utf8'), renderTable(observed), 'run node scripts/features.ts');
});
