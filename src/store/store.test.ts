import { describe, it } from 'node:test';
import { storeSuite } from './suite.ts';
import { openPostgresTestStore, openTestStore } from './testing.ts';

storeSuite('PGlite', openTestStore);

const serverUrl = process.env.TOKENWORKS_TEST_DATABASE_URL;
if (serverUrl) {
  storeSuite('PostgreSQL', (options) => openPostgresTestStore(serverUrl, options));
} else {
  describe('store on PostgreSQL', () => {
    it('the suite', { skip: 'left out: TOKENWORKS_TEST_DATABASE_URL is not set (scripts/with-postgres.sh sets it)' }, () => {});
  });
}
