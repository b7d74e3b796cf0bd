import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { dumpLines, fillStore, storeSuite } from './suite.ts';
import { openPostgresTestStore, openTestStore } from './testing.ts';

const serverUrl = process.env.TOKENWORKS_TEST_DATABASE_URL;

storeSuite('PGlite', openTestStore);

if (serverUrl) {
  storeSuite('PostgreSQL', (options) => openPostgresTestStore(serverUrl, options));

  describe('a backup', () => {
    it('goes from either engine to the other and back without a change', async () => {
      const stores = [await openTestStore(), await openPostgresTestStore(serverUrl), await openTestStore()];
      try {
        await fillStore(stores[0]!.store);
        const files = stores.map((opened) => join(opened.home, 'dump.gz'));
        await stores[0]!.store.backup(files[0]!);
        for (const index of [1, 2]) {
          await stores[index]!.store.restore(files[index - 1]!);
          await stores[index]!.store.backup(files[index]!);
          assert.deepEqual(await dumpLines(files[index]!), await dumpLines(files[0]!));
        }
        assert.ok((await dumpLines(files[2]!)).length > 10);
        const header = (file: Buffer) =>
          JSON.parse(gunzipSync(file).toString().split('\n', 1)[0]!) as { days: number[] };
        assert.deepEqual(header(await readFile(files[2]!)).days, header(await readFile(files[0]!)).days);
      } finally {
        for (const opened of stores) await opened.close();
      }
    });
  });
} else {
  describe('store on PostgreSQL', () => {
    it('the suite', {
      skip: 'left out: TOKENWORKS_TEST_DATABASE_URL is not set (scripts/with-postgres.sh sets it)',
    }, () => {});
  });
}
