/** Keeps Reflex models in the store, so that they outlive the process and are in every backup. */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Example } from '../../reflex/index.ts';
import type { Services } from '../services.ts';

/** Names of all models. */
const INDEX = 'reflex.models';
/** A model whole, as it was last trained. */
const wholeName = (name: string): string => `reflex.model:${name}`;
/** Examples that were added since: small, and written with every addition. */
const addedName = (name: string): string => `reflex.added:${name}`;

const pack = promisify(gzip);
const unpack = promisify(gunzip);

export class ReflexKeeper {
  readonly #services: Pick<Services, 'reflex' | 'store' | 'log'>;
  /** Writes go one after another: an index that two write at once would lose one's. */
  #tail: Promise<void> = Promise.resolve();
  #restored: Promise<void> | undefined;
  readonly #saving = new Set<string>();
  #isRestoring = false;

  constructor(services: Pick<Services, 'reflex' | 'store' | 'log'>) {
    this.#services = services;
  }

  /** Resolves when the models of the last run are back; begins with it where nobody has. Never rejects. */
  restored(): Promise<void> {
    this.#restored ??= this.#restore();
    return this.#restored;
  }

  /** While true, calls of models of the last run may still find none. */
  get isRestoring(): boolean {
    return this.#isRestoring;
  }

  /** Writes a model whole, in place of what was added since its last training. */
  save(name: string): Promise<void> {
    return this.#write(async () => {
      const { reflex, store } = this.#services;
      if (!reflex.get(name)) return;
      const bytes = await pack(await reflex.export(name));
      await store.settings.put(wholeName(name), bytes.toString('base64'));
      await store.settings.put(addedName(name), []);
      await this.#list((names) => names.add(name));
    });
  }

  /** Writes what was added; the whole model follows when it has been trained on it. */
  async added(name: string, examples: readonly Example[]): Promise<void> {
    await this.#write(async () => {
      const { store } = this.#services;
      const before = (await store.settings.get<Example[]>(addedName(name))) ?? [];
      await store.settings.put(addedName(name), [...before, ...examples]);
      await this.#list((names) => names.add(name));
    });
    this.#saveWhenTrained(name);
  }

  forget(name: string): Promise<void> {
    return this.#write(async () => {
      await this.#list((names) => names.delete(name));
      await this.#services.store.settings.put(wholeName(name), null);
      await this.#services.store.settings.put(addedName(name), []);
    });
  }

  #saveWhenTrained(name: string): void {
    if (this.#saving.has(name)) return;
    this.#saving.add(name);
    const { reflex, log } = this.#services;
    void reflex
      .settled()
      .then(() => {
        this.#saving.delete(name);
        if (reflex.get(name)?.pending === 0) return this.save(name);
      })
      .catch((error: unknown) =>
        log('warn', 'a Reflex model could not be stored', { model: name, error: String(error) }),
      );
  }

  async #list(change: (names: Set<string>) => void): Promise<void> {
    const { store } = this.#services;
    const before = (await store.settings.get<string[]>(INDEX)) ?? [];
    const names = new Set(before);
    change(names);
    if (names.size !== before.length) await store.settings.put(INDEX, [...names]);
  }

  #write(work: () => Promise<void>): Promise<void> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => {});
    return turn;
  }

  async #restore(): Promise<void> {
    const { store, log } = this.#services;
    this.#isRestoring = true;
    try {
      for (const name of (await store.settings.get<string[]>(INDEX)) ?? []) {
        await this.#restoreOne(name).catch((error: unknown) =>
          log('error', 'a Reflex model could not be read back', { model: name, error: String(error) }),
        );
      }
    } catch (error) {
      log('error', 'the Reflex models could not be read back', { error: String(error) });
    } finally {
      this.#isRestoring = false;
    }
  }

  async #restoreOne(name: string): Promise<void> {
    const { reflex, store } = this.#services;
    const whole = await store.settings.get<string | null>(wholeName(name));
    if (whole) await reflex.import(name, await unpack(Buffer.from(whole, 'base64')));
    const added = (await store.settings.get<Example[]>(addedName(name))) ?? [];
    if (added.length === 0) return;
    await reflex.addExamples(name, added);
    this.#saveWhenTrained(name);
  }
}
