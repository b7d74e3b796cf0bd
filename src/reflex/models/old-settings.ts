/** Models that releases before 0.2 kept among the settings: taken over into the tables that are made for them. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Store } from '../../store/index.ts';
import type { Example } from '../types.ts';
import type { Reflex } from './registry.ts';

const INDEX = 'reflex.models';
const wholeName = (name: string): string => `reflex.model:${name}`;
const addedName = (name: string): string => `reflex.added:${name}`;
const unpack = promisify(gunzip);

/** Once: what has been taken over is no longer listed there. Rejects where a model can't be read; those before it are taken over. */
export async function takeOverSettings(reflex: Reflex, settings: Store['settings']): Promise<void> {
  const names = (await settings.get<string[]>(INDEX)) ?? [];
  for (const [at, name] of names.entries()) {
    const whole = await settings.get<string | null>(wholeName(name));
    if (whole && !reflex.get(name)?.version) await reflex.import(name, await unpack(Buffer.from(whole, 'base64')));
    const added = (await settings.get<Example[]>(addedName(name))) ?? [];
    if (added.length > 0) await reflex.addExamples(name, added);
    await settings.put(INDEX, names.slice(at + 1));
    await settings.put(wholeName(name), null);
    await settings.put(addedName(name), []);
  }
}
