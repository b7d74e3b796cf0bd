/** Counting tokens of text, in whichever thread this is imported. */

export type TokenizerName = 'o200k_base' | 'cl100k_base';

type CountTokens = (text: string, options: { disallowedSpecial: Set<string> }) => number;

/**
 * Text is counted in slices: a long run without spaces costs its square in one piece (64 kB of one letter: a second).
 * A cut falls on white space where there is some, which changes no count; elsewhere it adds at most one token per slice.
 */
const SLICE_CHARS = 2048;
const CUT_WITHIN_CHARS = 256;

const loaded = new Map<TokenizerName, Promise<CountTokens>>();

/** The tables are imported on first use: 0.1 to 0.2 s and some 30 MB each. */
export async function loadTokenizer(name: TokenizerName): Promise<(text: string) => number> {
  let count = loaded.get(name);
  if (!count) {
    count = (
      name === 'cl100k_base'
        ? import('gpt-tokenizer/encoding/cl100k_base')
        : import('gpt-tokenizer/encoding/o200k_base')
    ).then((module) => module.countTokens as CountTokens);
    loaded.set(name, count);
  }
  const countTokens = await count;
  // Text such as "<|endoftext|>" is what somebody wrote, not a command.
  const options = { disallowedSpecial: new Set<string>() };
  return (text) => countInSlices(text, (slice) => countTokens(slice, options));
}

export function countInSlices(text: string, count: (slice: string) => number): number {
  let tokens = 0;
  for (let start = 0; start < text.length; ) {
    const end = sliceEnd(text, start);
    tokens += count(start === 0 && end === text.length ? text : text.slice(start, end));
    start = end;
  }
  return tokens;
}

/** Just before a space near the slice's end (tokens begin with their space), and never inside a surrogate pair. */
function sliceEnd(text: string, start: number): number {
  const end = start + SLICE_CHARS;
  if (end >= text.length) return text.length;
  for (let cut = end; cut > end - CUT_WITHIN_CHARS; cut--) {
    const previous = text.charCodeAt(cut - 1);
    if (text.charCodeAt(cut) === 32 && previous !== 32 && previous !== 10 && previous !== 13) return cut;
  }
  const low = text.charCodeAt(end);
  return low >= 0xdc00 && low <= 0xdfff ? end - 1 : end;
}
