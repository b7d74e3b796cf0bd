/** A summary out of a text's own sentences: what its words share with the rest, its place, and nothing said twice. */
import { hasHan, stem, type Word, words } from '../text/text.ts';
import { clausesOf, type Piece, sentencesOf, wordsIn } from './clauses.ts';
import { isStopWord } from './stop-words.ts';

const READ_CHARS = 20_000;
const MOST_SENTENCES = 300;

export interface SummaryOptions {
  /** Sentences at most; 3 unless said. */
  sentences?: number;
  /** Characters (code points) at most. */
  chars?: number;
  /** The words of the text, where they are known already. */
  words?: readonly Word[];
}

/** Sentences of the text in its order. '' for an empty text, or where `chars` is 0. */
export function summarise(text: string, options: SummaryOptions = {}): string {
  return join(pickSentences(text, options));
}

/** The sentences themselves, in the order of the text. */
export function pickSentences(text: string, options: SummaryOptions = {}): string[] {
  const wanted = Math.max(0, Math.floor(options.sentences ?? 3));
  const chars = Math.max(0, Math.floor(options.chars ?? Number.POSITIVE_INFINITY));
  const sentences = sentencesOf(text.slice(0, READ_CHARS)).slice(0, MOST_SENTENCES);
  if (wanted === 0 || chars === 0 || sentences.length === 0) return [];
  const bags = wordsIn(sentences, options.words ?? words(text.slice(0, READ_CHARS))).map(bagOf);
  const ranked = rank(sentences, bags);
  const picked: number[] = [];
  let used = 0;
  for (let round = 0; picked.length < wanted && round < sentences.length; round++) {
    const next = bestNext(ranked, bags, picked, (index) => used + lengthOf(sentences[index]!.text) + 1 <= chars + 1);
    if (next === undefined) break;
    picked.push(next);
    used += lengthOf(sentences[next]!.text) + 1;
  }
  // A long sentence that matters, cut short, says more than a short one that doesn't.
  const best = ranked.indexOf(Math.max(...ranked));
  const strongest = Math.max(0, ...picked.map((index) => ranked[index]!));
  if (strongest < ranked[best]! * 0.6 || picked.length === 0) return [cut(sentences[best]!.text, chars)];
  return picked.sort((a, b) => a - b).map((index) => sentences[index]!.text);
}

function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function join(sentences: readonly string[]): string {
  let out = '';
  for (const sentence of sentences)
    out +=
      out === '' || (hasHan(out.at(-1)!) || /[。！？；]$/.test(out) ? hasHan(sentence[0]!) : false)
        ? sentence
        : ` ${sentence}`;
  return out;
}

function bagOf(own: readonly Word[]): Set<string> {
  const out = new Set<string>();
  for (const word of own) {
    if (isStopWord(word.text)) continue;
    out.add(word.han ? word.text : stem(word.text));
  }
  return out;
}

function rank(sentences: readonly Piece[], bags: readonly Set<string>[]): number[] {
  const df = new Map<string, number>();
  for (const bag of bags) for (const word of bag) df.set(word, (df.get(word) ?? 0) + 1);
  const last = sentences.length - 1;
  return sentences.map((sentence, index) => {
    const bag = bags[index]!;
    if (bag.size === 0) return 0;
    let shared = 0;
    for (const word of bag) shared += Math.log2(1 + df.get(word)!);
    const length = lengthOf(sentence.text) * (hasHan(sentence.text) ? 2.5 : 1);
    const fits = length < 25 ? length / 25 : length > 300 ? 300 / length : 1;
    const place = index === 0 ? 1.35 : index === 1 ? 1.1 : index === last ? 1.1 : 1;
    const asks = /[?？]$/.test(sentence.text) ? 0.7 : 1;
    return (shared / bag.size ** 0.6) * fits * place * asks;
  });
}

/** The best sentence not taken yet that says something new. */
function bestNext(
  ranked: readonly number[],
  bags: readonly Set<string>[],
  picked: readonly number[],
  fits: (index: number) => boolean,
): number | undefined {
  let best: number | undefined;
  let bestScore = 0;
  ranked.forEach((base, index) => {
    if (picked.includes(index) || !fits(index)) return;
    const repeated = Math.max(0, ...picked.map((other) => similarity(bags[other]!, bags[index]!)));
    const score = repeated > 0.7 ? 0 : base * (1 - repeated);
    if (score > bestScore) {
      best = index;
      bestScore = score;
    }
  });
  return best;
}

function similarity(a: Set<string>, b: Set<string>): number {
  let both = 0;
  for (const word of a) if (b.has(word)) both++;
  return both === 0 ? 0 : both / Math.min(a.size, b.size);
}

/** The first clauses that fit, or the first words, with a sign that something is left out. */
export function cut(text: string, chars: number): string {
  const points = [...text];
  if (points.length <= chars) return text;
  if (chars <= 0) return '';
  const head = points.slice(0, Math.max(0, chars - 1)).join('');
  const clause = clausesOf(head).at(-1);
  const border = clause && clause.start > head.length / 2 ? clause.start : 0;
  if (border > 0) return `${head.slice(0, border).replace(/[\s，,、;；:：]+$/, '')}…`;
  const space = hasHan(head) ? -1 : head.lastIndexOf(' ');
  return `${space > head.length / 2 ? head.slice(0, space) : head}…`;
}
