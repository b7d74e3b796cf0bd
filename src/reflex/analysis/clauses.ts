/** Sentences and clauses of a text, with their offsets. One pass, no dictionary. */
import type { Word } from '../text/text.ts';

export interface Piece {
  text: string;
  start: number;
  end: number;
}

const SENTENCE_END = /[。！？!?…；;\n]+["”’」』)）]*|\.(?=["')]?(?:\s|$))["')]*/g;
const CLAUSE_END = /[，,、：:。！？!?…；;\n~～—()（）]+|\.(?=\s|$)|\s[-–]\s|(?<=\p{Script=Han})\s+(?=\p{Script=Han})/gu;
/** A full stop behind these ends no sentence. */
const ABBREVIATION = /\b(?:mr|mrs|ms|dr|prof|st|no|vs|etc|e\.g|i\.e|a\.m|p\.m|inc|ltd|co|jr|sr|approx|fig|[a-z])$/i;

function split(text: string, pattern: RegExp, keepEnd: boolean): Piece[] {
  const out: Piece[] = [];
  let from = 0;
  const push = (to: number) => {
    const raw = text.slice(from, to);
    const trimmed = raw.trim();
    if (trimmed === '') return;
    const start = from + raw.indexOf(trimmed);
    out.push({ text: trimmed, start, end: start + trimmed.length });
  };
  for (const match of text.matchAll(pattern)) {
    if (match[0][0] === '.' && ABBREVIATION.test(text.slice(Math.max(from, match.index - 12), match.index))) continue;
    const end = match.index + match[0].length;
    push(keepEnd ? end : match.index);
    from = end;
  }
  push(text.length);
  return out;
}

/** Sentences with their end marks; lines count as sentences too. */
export function sentencesOf(text: string): Piece[] {
  return split(text, SENTENCE_END, true);
}

/** Clauses, without the mark that ends them. */
export function clausesOf(text: string): Piece[] {
  return split(text, CLAUSE_END, false);
}

/** The words of each piece; pieces and words are in order. */
export function wordsIn(pieces: readonly Piece[], all: readonly Word[]): Word[][] {
  let at = 0;
  return pieces.map((piece) => {
    const own: Word[] = [];
    while (at < all.length && all[at]!.start < piece.start) at++;
    for (; at < all.length && all[at]!.end <= piece.end; at++) own.push(all[at]!);
    return own;
  });
}
