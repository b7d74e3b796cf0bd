/**
 * Writes docs/reference/features.md from what the official clients see at each surface, in front of scripted upstreams of each protocol.
 * A cell that fails is printed and leaves the file as it was.
 *
 *   node scripts/features.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { CELLS } from '../src/conformance/cells.ts';
import { type Observed, renderTable, TABLE_URL } from '../src/conformance/table.ts';
import { openWorld } from '../src/conformance/world.ts';

const observed: Observed = new Map();
const world = await openWorld();
let failed = 0;
for (const cell of CELLS) {
  try {
    await cell.run(world, observed);
  } catch (error) {
    failed++;
    console.error(`${cell.section}: ${cell.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
await world.close();
if (failed > 0) {
  console.error(`${failed} of ${CELLS.length} cells failed; the table was not written.`);
  process.exitCode = 1;
} else {
  mkdirSync(new URL('.', TABLE_URL), { recursive: true });
  writeFileSync(TABLE_URL, renderTable(observed));
  console.log(`${observed.size} cells, from ${CELLS.length} runs`);
}
