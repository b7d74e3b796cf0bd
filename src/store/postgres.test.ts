import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { AppError, type ErrorCode } from '../base/errors.ts';
import { openStore } from './index.ts';

async function refuses(databaseUrl: string, code: ErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(openStore({ home: tmpdir(), databaseUrl }), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.doesNotMatch(inspect(error), /hunter2/);
    return true;
  });
}

describe('a server that can not be used', () => {
  it('is named by what is wrong, without its password', async () => {
    await refuses('hunter2', 'invalid_request', /no PostgreSQL URL/);
    await refuses('https://u:hunter2@localhost/db', 'invalid_request', /no PostgreSQL URL/);
    // A port that was free a moment ago.
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    await refuses(`postgres://u:hunter2@127.0.0.1:${port}/db`, 'overloaded', /can't be reached \(ECONNREFUSED\)/);
  });

  const serverUrl = process.env.TOKENWORKS_TEST_DATABASE_URL;
  it('says so when the password is wrong', {
    skip: serverUrl ? false : 'TOKENWORKS_TEST_DATABASE_URL is not set',
  }, async () => {
    const url = new URL(serverUrl!);
    url.password = 'hunter2';
    await refuses(url.href, 'overloaded', /28P01/);
  });
});
