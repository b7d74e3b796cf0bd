/** Which row of the weights a feature's hash has. Hashes are spread evenly, so their first bits lead next to them: loading needs no table of its own. */

export class RowTable {
  /** Hashes in row order, ascending. */
  readonly hashes: Uint32Array;
  /** First row whose hash has these leading bits, or higher ones. */
  private readonly first: Uint32Array;
  private readonly shift: number;

  /** `hashes` must ascend. */
  constructor(hashes: Uint32Array) {
    this.hashes = hashes;
    let bits = 1;
    while (bits < 24 && 2 ** bits < hashes.length) bits++;
    this.shift = 32 - bits;
    this.first = new Uint32Array(2 ** bits + 1).fill(hashes.length);
    for (let row = hashes.length - 1; row >= 0; row--) this.first[hashes[row]! >>> this.shift] = row;
    for (let lead = 2 ** bits - 1; lead >= 0; lead--)
      this.first[lead] = Math.min(this.first[lead]!, this.first[lead + 1]!);
  }

  /** The hashes that occur at least `minimum` times. */
  static learn(lists: readonly Uint32Array[], minimum: number): RowTable {
    const all = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0));
    let length = 0;
    for (const list of lists) {
      all.set(list, length);
      length += list.length;
    }
    all.sort();
    let kept = 0;
    for (let from = 0; from < length; ) {
      let to = from + 1;
      while (to < length && all[to] === all[from]) to++;
      if (to - from >= minimum) all[kept++] = all[from]!;
      from = to;
    }
    return new RowTable(all.slice(0, kept));
  }

  get size(): number {
    return this.hashes.length;
  }

  /** -1 where the hash has no row. */
  rowOf(hash: number): number {
    const lead = hash >>> this.shift;
    const end = this.first[lead + 1]!;
    for (let row = this.first[lead]!; row < end; row++) if (this.hashes[row] === hash) return row;
    return -1;
  }
}
