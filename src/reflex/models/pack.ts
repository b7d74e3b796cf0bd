/** Examples as bytes, and what was changed in them since. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { AppError } from '../../base/errors.ts';
import { fold } from '../text/text.ts';
import type { Change, Example, ReplyTable } from '../types.ts';
import { parseExamples } from './examples.ts';

/** Unpacked size; 200,000 examples of ordinary length have about 20 MB. */
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;
const MAX_REPLIES = 50;

/** gzip of the list as JSON. */
export function packExamples(examples: readonly Example[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(JSON.stringify(examples), { level: 1 }));
}

/** Reads what packExamples wrote, or the JSON itself. Throws AppError `invalid_request`. */
export function unpackExamples(bytes: Uint8Array): Example[] {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  let value: unknown;
  try {
    const json = isPacked ? gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }) : Buffer.from(bytes);
    value = JSON.parse(json.toString('utf8'));
  } catch (error) {
    throw new AppError('invalid_request', 'The examples of this model are damaged.', {
      param: 'examples',
      cause: error,
    });
  }
  return parseExamples(value);
}

/** The examples after the changes: what was added is newest and replaces what said otherwise of the same text. */
export function applyChanges(examples: readonly Example[], changes: readonly Change[]): Example[] {
  if (changes.length === 0) return [...examples];
  const byText = new Map<string, Example[]>();
  for (const example of examples) {
    const key = sameText(example.text);
    const list = byText.get(key);
    if (list) list.push(example);
    else byText.set(key, [example]);
  }
  const gone = new Set<Example>();
  const added: Example[] = [];
  for (const change of changes) {
    const key = sameText('add' in change ? change.add.text : change.remove.text);
    const list = byText.get(key) ?? [];
    const keeps = (one: Example): boolean =>
      'add' in change
        ? one.intent === change.add.intent
        : change.remove.intent !== undefined && one.intent !== change.remove.intent;
    const kept = list.filter(keeps);
    for (const one of list) if (!kept.includes(one)) gone.add(one);
    if ('add' in change) {
      kept.push(change.add);
      added.push(change.add);
    }
    byText.set(key, kept);
  }
  return [...examples, ...added].filter((example) => !gone.has(example));
}

/** What two texts have in common that differ in letter case and outer white space alone. */
export function sameText(text: string): string {
  return fold(text).trim();
}

/** Intent → its newest answers, as JSON of pairs, so that a thread hands it on without reading it. */
export function packReplies(examples: readonly Example[]): Uint8Array<ArrayBuffer> {
  const table = new Map<string, { text: string; reply: string }[]>();
  for (let at = examples.length - 1; at >= 0; at--) {
    const { intent, text, reply } = examples[at]!;
    if (reply === undefined) continue;
    const list = table.get(intent) ?? [];
    if (list.length < MAX_REPLIES) list.push({ text, reply });
    table.set(intent, list);
  }
  return new Uint8Array(Buffer.from(JSON.stringify([...table]), 'utf8'));
}

export function unpackReplies(bytes: Uint8Array): ReplyTable {
  if (bytes.length === 0) return new Map();
  return new Map(JSON.parse(Buffer.from(bytes).toString('utf8')) as [string, { text: string; reply: string }[]][]);
}
