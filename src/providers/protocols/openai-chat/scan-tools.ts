/** What scanners of passed-through streams share: runs of frames without copies, and the tail of the text that went by. */

const TEXT_LIMIT_CHARS = 1024 * 1024;

/** The last mebi-character of a text that grows piece by piece. */
export class TextTail {
  #text = '';

  add(piece: string): void {
    this.#text += piece;
    // Cut at twice the limit, so that cutting costs little per piece.
    if (this.#text.length > 2 * TEXT_LIMIT_CHARS) this.#text = this.#text.slice(-TEXT_LIMIT_CHARS);
  }

  value(): string {
    return this.#text.length > TEXT_LIMIT_CHARS ? this.#text.slice(-TEXT_LIMIT_CHARS) : this.#text;
  }
}

/** Collects frames to forward. Neighbours in the same memory stay one view; only where something was left out or replaced are bytes copied. */
export class FrameRun {
  readonly #pieces: Uint8Array[] = [];

  keep(bytes: Uint8Array): void {
    const last = this.#pieces.at(-1);
    if (last && last.buffer === bytes.buffer && last.byteOffset + last.byteLength === bytes.byteOffset) {
      this.#pieces[this.#pieces.length - 1] = Buffer.from(
        last.buffer,
        last.byteOffset,
        last.byteLength + bytes.byteLength,
      );
    } else this.#pieces.push(bytes);
  }

  replace(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
  }

  bytes(): Uint8Array | undefined {
    if (this.#pieces.length === 0) return undefined;
    return this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
  }
}
