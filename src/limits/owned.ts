/** Something that is open and belongs to a process; `place` is the list's own. */
export interface Owned {
  readonly owner: string;
  place: number;
}

/**
 * What is open, by owner. Arrays, since each call adds one and takes it out again: a Set is rebuilt every few calls, and V8's dead tables
 * keep what the next one held alive, so that whole calls outlived the young generation (a fifth of all that was allocated).
 */
export class OwnedList<T extends Owned> {
  readonly #lists = new Map<string, T[]>();
  size = 0;

  add(one: T): void {
    let list = this.#lists.get(one.owner);
    if (!list) {
      list = [];
      this.#lists.set(one.owner, list);
    }
    one.place = list.length;
    list.push(one);
    this.size++;
  }

  remove(one: T): void {
    const list = this.#lists.get(one.owner)!;
    const last = list.pop()!;
    if (last !== one) {
      list[one.place] = last;
      last.place = one.place;
    }
    this.size--;
  }

  of(owner: string): readonly T[] {
    return this.#lists.get(owner) ?? [];
  }

  /** After an owner is gone for good. */
  forget(owner: string): void {
    if (this.#lists.get(owner)?.length === 0) this.#lists.delete(owner);
  }
}
