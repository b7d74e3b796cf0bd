/** Numbers the parts of a streamed choice: pieces of one kind go on in the same part until another kind comes. */
export class PartCursor {
  #next = 0;
  #open: string | undefined;

  /** The part that a piece of this kind belongs to. */
  at(kind: 'text' | 'reasoning'): number {
    if (this.#open !== kind) {
      this.#open = kind;
      this.#next++;
    }
    return this.#next - 1;
  }

  /** A part that comes whole (a tool call, an image). */
  whole(): number {
    this.#open = undefined;
    return this.#next++;
  }

  /** What follows starts a part of its own, though it be of the same kind. */
  close(): void {
    this.#open = undefined;
  }

  isOpen(kind: 'text' | 'reasoning'): boolean {
    return this.#open === kind;
  }
}
