/** Every cell of the table as something that can be run. */
import assert from 'node:assert/strict';
import { EMBEDDING_FEATURES, judgeEmbedding } from './embedding-features.ts';
import { FEATURES, judge, type Verdict } from './features.ts';
import { SURFACES } from './speak.ts';
import type { Observed } from './table.ts';
import { COLUMNS, type World } from './world.ts';

export interface CellRun {
  /** `chat`, `responses`, `messages` or `embeddings`. */
  section: string;
  name: string;
  /** Runs the cell and notes what was seen; throws where something was lost in silence. */
  run(world: World, observed: Observed): Promise<void>;
}

export const CELLS: readonly CellRun[] = [...chatCells(), ...embeddingCells()];

function* chatCells(): Generator<CellRun> {
  for (const surface of SURFACES) {
    for (const feature of FEATURES.filter((each) => each.surfaces.includes(surface))) {
      for (const column of COLUMNS) {
        for (const stream of feature.modes ? [feature.modes === 'stream'] : [false, true]) {
          yield {
            section: surface,
            name: `${feature.id} · ${column.id}${stream ? ' · stream' : ''}`,
            run: async (world, observed) =>
              note(
                observed,
                `${surface}/${feature.id}/${column.id}`,
                await judge(world, feature, surface, column, stream),
              ),
          };
        }
      }
    }
  }
}

function* embeddingCells(): Generator<CellRun> {
  for (const feature of EMBEDDING_FEATURES) {
    for (const column of COLUMNS) {
      yield {
        section: 'embeddings',
        name: `${feature.id} · ${column.id}`,
        run: async (world, observed) =>
          note(observed, `embeddings/${feature.id}/${column.id}`, await judgeEmbedding(world, feature, column)),
      };
    }
  }
}

function note(observed: Observed, key: string, verdict: Verdict): void {
  const known = observed.get(key);
  // A stream and a whole reply have to agree, or the table could not say one word for both.
  assert.ok(known === undefined || known === verdict, `${key}: ${known} as a whole reply, ${verdict} as a stream`);
  observed.set(key, verdict);
}
