import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { OperationRecord } from '../../contract/operation.ts';
import type { UsageBatch } from '../../store/index.ts';
import { type Journal, JournalLoader, openJournal } from './index.ts';
import { readSegment } from './reader.ts';
import { decodeLine, encodeLine } from './record.ts';
import { segmentPath } from './writer.ts';

let dir: string;
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'tw-journal-'));
});
after(() => rmSync(dir, { recursive: true, force: true }));

let folders = 0;
const freshDir = (): string => join(dir, String(folders++));

/** A sink that keeps the store's promise: a batch is applied once, and only where the segment stands. */
class MemorySink {
  readonly positions = new Map<string, number>();
  readonly operations: OperationRecord[] = [];
  async position(segment: string): Promise<number> {
    return this.positions.get(segment) ?? 0;
  }
  async append(batch: UsageBatch): Promise<boolean> {
    if ((this.positions.get(batch.segment) ?? 0) !== batch.from) return false;
    this.positions.set(batch.segment, batch.to);
    this.operations.push(...batch.operations);
    return true;
  }
}

function loaderOf(folder: string, sink: MemorySink): JournalLoader {
  return new JournalLoader({
    dir: folder,
    sink,
    postings: () => [],
    keepReplies: async () => {},
    price: (_sent, usage) => ({ cost_pico: BigInt((usage.input ?? 0) + (usage.output ?? 0)), currency: 'USD' }),
  });
}

function openAt(folder: string, loader?: JournalLoader): Journal {
  return openJournal({ dir: folder, now: () => Date.now(), onSegment: (segment) => loader?.begin(segment) });
}

function intend(journal: Journal, op: string): void {
  journal.append({
    t: 'i',
    op,
    at: 1,
    organisation: 'o',
    project: 'p',
    key: 'k',
    surface: 'chat',
    model: 'm/x',
    stream: true,
    bytes: 401,
  });
  journal.append({ t: 's', op, n: 0, at: 2, deployment: 'm/x', provider: 'm', model: 'x', priceId: 'price' });
}

function settle(journal: Journal, op: string, written?: () => void): void {
  journal.append({ t: 'f', record: operation(op) }, written);
}

function operation(id: string): OperationRecord {
  return {
    id,
    at_ms: 1,
    organisation: 'o',
    project: 'p',
    key: 'k',
    tags: {},
    surface: 'chat',
    model: 'm/x',
    deployment: 'm/x',
    stream: false,
    status: 'completed',
    total_ms: 5,
    attempts: [
      {
        index: 0,
        deployment: 'm/x',
        provider: 'm',
        model: 'x',
        status: 'completed',
        at_ms: 2,
        total_ms: 3,
        usage: { input: 7 },
        usageSource: 'provider',
        cost_pico: 10_000_000_000n * 10n ** 12n,
        currency: 'USD',
      },
    ],
    charge_pico: 3n,
    chargeCurrency: 'USD',
    holds: [{ budget: 'b', window: 'total', kind: 'budget', currency: 'USD', held_pico: 9n, settled_pico: 3n }],
  };
}

test('a line keeps its record, amounts beyond 2^63 included', () => {
  const line = encodeLine({ t: 'f', record: operation('op_1') });
  assert.deepEqual(decodeLine(line.slice(0, -1)), { t: 'f', record: operation('op_1') });
});

test('any damage to a line is noticed', () => {
  const line = encodeLine({ t: 'f', record: operation('op_1') }).slice(0, -1);
  fc.assert(
    fc.property(fc.nat(line.length - 1), fc.integer({ min: 33, max: 126 }), (at, code) => {
      const damaged = line.slice(0, at) + String.fromCharCode(code) + line.slice(at + 1);
      assert.equal(decodeLine(damaged) === undefined, damaged !== line);
    }),
  );
});

test('records written in one turn are called back in order, after they are in the file', async () => {
  const folder = freshDir();
  const journal = openAt(folder);
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    for (const op of ['a', 'b', 'c']) {
      settle(journal, op, () => {
        assert.match(readFileSync(segmentPath(folder, journal.position().segment), 'utf8'), new RegExp(`"id":"${op}"`));
        seen.push(op);
        if (op === 'c') resolve();
      });
    }
    assert.deepEqual(seen, []);
  });
  assert.deepEqual(seen, ['a', 'b', 'c']);
  await journal.close();
});

test('a loader books what is settled, once, however often it runs', async () => {
  const folder = freshDir();
  const sink = new MemorySink();
  const loader = loaderOf(folder, sink);
  const journal = openAt(folder, loader);
  for (let index = 0; index < 3000; index++) {
    intend(journal, `op${index}`);
    settle(journal, `op${index}`);
    if (index % 700 === 0) {
      journal.flush();
      await loader.loadTo(journal.position());
      await loader.loadTo(journal.position());
    }
  }
  journal.flush();
  await loader.loadTo(journal.position());
  assert.equal(sink.operations.length, 3000);
  assert.equal(new Set(sink.operations.map((record) => record.id)).size, 3000);
  await journal.close();
});

test('after a kill, what was settled is booked once and what was open is broken, estimated and not charged', async () => {
  const folder = freshDir();
  const sink = new MemorySink();
  const first = loaderOf(folder, sink);
  const journal = openAt(folder, first);
  intend(journal, 'done');
  settle(journal, 'done');
  intend(journal, 'open');
  journal.append({ t: 'p', op: 'open', n: 0, bytes: 42 });
  journal.append({
    t: 'i',
    op: 'never-sent',
    at: 1,
    organisation: 'o',
    project: 'p',
    key: 'k',
    surface: 'chat',
    model: 'm/x',
    stream: true,
    bytes: 4,
  });
  journal.flush();
  await first.loadTo(journal.position());
  // The process dies here, in the middle of a line.
  appendFileSync(segmentPath(folder, journal.position().segment), 'deadbeef {"t":"f","rec');

  const result = await loaderOf(folder, sink).recover();
  assert.equal(result.broken, 1);
  assert.deepEqual(
    sink.operations.map((record) => [record.id, record.status]),
    [
      ['done', 'completed'],
      ['open', 'broken'],
    ],
  );
  const broken = sink.operations[1]!;
  assert.deepEqual(broken.attempts[0]!.usage, { input: 101, output: 11 });
  assert.equal(broken.attempts[0]!.usageSource, 'estimated');
  assert.equal(broken.attempts[0]!.cost_pico, 112n);
  assert.equal(broken.charge_pico, undefined);
  assert.deepEqual(readdirSync(folder), []);
  await loaderOf(folder, sink).recover();
  assert.equal(sink.operations.length, 2);
});

test('a recovery that is itself killed before it deletes the file books nothing twice', async () => {
  const folder = freshDir();
  const sink = new MemorySink();
  const journal = openAt(folder);
  intend(journal, 'a');
  settle(journal, 'a');
  intend(journal, 'b');
  journal.flush();
  const path = segmentPath(folder, journal.position().segment);
  const bytes = readFileSync(path);
  await loaderOf(folder, sink).recover();
  writeFileSync(path, bytes);
  await loaderOf(folder, sink).recover();
  assert.deepEqual(
    sink.operations.map((record) => record.id),
    ['a', 'b'],
  );
});

test('a process that dies after its last settled operation was loaded leaves its open ones to be closed', async () => {
  const folder = freshDir();
  const sink = new MemorySink();
  const first = loaderOf(folder, sink);
  const journal = openAt(folder, first);
  intend(journal, 'open');
  intend(journal, 'done');
  settle(journal, 'done');
  journal.flush();
  await first.loadTo(journal.position());
  await loaderOf(folder, sink).recover();
  assert.deepEqual(sink.operations.map((record) => record.status).sort(), ['broken', 'completed']);
});

test('a segment cut at any byte gives every whole line before the cut and nothing else', async () => {
  const folder = freshDir();
  const journal = openAt(folder);
  for (const op of ['a', 'b', 'c']) settle(journal, op);
  journal.flush();
  const path = segmentPath(folder, journal.position().segment);
  const bytes = readFileSync(path);
  const ends: number[] = [];
  for (const [index, byte] of bytes.entries()) if (byte === 10) ends.push(index + 1);
  fc.assert(
    fc.property(fc.nat(bytes.length), (cut) => {
      writeFileSync(path, bytes.subarray(0, cut));
      const { records, damaged, to } = readSegment(path, 0);
      assert.equal(records.length, ends.filter((end) => end <= cut).length);
      assert.equal(damaged, 0);
      assert.equal(to, ends.filter((end) => end <= cut).at(-1) ?? 0);
    }),
    { numRuns: 60 },
  );
});
