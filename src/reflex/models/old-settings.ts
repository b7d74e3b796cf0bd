/** Models that releases before 0.2 kept among the settings: taken over into the tables that are made for them. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Store } from '../../store/index.ts';
import type { Example } from '../types.ts';
import type { Reflex } from './registry.ts';

/** More may wait for a training than are added by one call. */
const ADDED_AT_ONCE = 500;
const INDEX = 'reflex.models';
const wholeName = (name: string): string => `reflex.model:${name}`;
const addedName = (name: string): string => `reflex.added:${name}`;
const unpack = promisify(gunzip);

/** Once: what has been taken over is no longer listed there. What can't be read stays, and is what this rejects with after all others. */
export async function takeOverSettings(reflex: Reflex, settings: Store['settings']): Promise<void> {
  const names = (await settings.get<string[]>(INDEX)) ?? [];
  const left: string[] = [];
  const errors: unknown[] = [];
  for (const [at, name] of names.entries()) {
    try {
      await takeOver(reflex, settings, name);
    } catch (error) {
      left.push(name);
      errors.push(error);
      continue;
    }
    await settings.put(INDEX, [...left, ...names.slice(at + 1)]);
    await settings.put(wholeName(name), null);
    await settings.put(addedName(name), []);
  }
  if (errors.length > 0) throw new AggregateError(errors, `${left.join(', ')}: ${String(errors[0])}`);
}

async function takeOver(reflex: Reflex, settings: Store['settings'], name: string): Promise<void> {
  const whole = await settings.get<string | null>(wholeName(name));
  if (whole && !reflex.get(name)?.version) await reflex.import(name, await unpack(Buffer.from(whole, 'base64')));
  const added = (await settings.get<Example[]>(addedName(name))) ?? [];
  for (let at = 0; at < added.length; at += ADDED_AT_ONCE)
    await reflex.addExamples(name, added.slice(at, at + ADDED_AT_ONCE));
}
