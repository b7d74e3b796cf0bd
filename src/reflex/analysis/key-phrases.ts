/** Key phrases by position, frequency, spread and rarity; phrases end at stop words and punctuation. English and Chinese. */
import { stem, type Word, words } from '../text/text.ts';
import { sentencesOf, wordsIn } from './clauses.ts';
import { feelingWord } from './feeling.ts';
import { isCompound, isEnglishNounLike, isHanNounLike, joinWords } from './noun-like.ts';
import { isStopWord } from './stop-words.ts';

export interface KeyPhrase {
  phrase: string;
  /** The best phrase has 1. */
  score: number;
  start: number;
  end: number;
}

/** Text beyond this is not read. */
const READ_CHARS = 20_000;

interface Run {
  words: Word[];
  sentence: number;
}

interface Candidate extends KeyPhrase {
  key: string;
  words: number;
  count: number;
}

export interface KeyPhraseOptions {
  /** 10 unless said. */
  max?: number;
  /** The words of the text, where they are known already. */
  words?: readonly Word[];
}

/** The phrases that say what a text is about, best first. Offsets are of the first place where each stands. */
export function keyPhrases(text: string, options: KeyPhraseOptions = {}): KeyPhrase[] {
  const max = Math.max(0, Math.floor(options.max ?? 10));
  const read = text.slice(0, READ_CHARS);
  const sentences = sentencesOf(read);
  const bySentence = wordsIn(sentences, options.words ?? words(read));
  const runs = bySentence.flatMap((own, index) => runsOf(read, own, index));
  const weights = weighWords(runs, sentences.length);
  const best = candidatesOf(runs, read, weights).sort((a, b) => b.score - a.score || a.start - b.start);
  const kept: Candidate[] = [];
  for (const candidate of best) {
    if (kept.length >= max) break;
    if (!kept.some((other) => overlaps(other, candidate))) kept.push(candidate);
  }
  const top = kept[0]?.score ?? 1;
  return kept.map(({ phrase, score, start, end }) => ({
    phrase,
    score: Math.round((score / top) * 1_000) / 1_000,
    start,
    end,
  }));
}

function overlaps(a: Candidate, b: Candidate): boolean {
  return ` ${a.key} `.includes(` ${b.key} `) || ` ${b.key} `.includes(` ${a.key} `);
}

/** Runs of words that may belong together: no function word, verb or judgement stands in one. */
function runsOf(text: string, given: readonly Word[], index: number): Run[] {
  const own = joinWords(given, isCompound);
  const out: Run[] = [];
  let run: Word[] = [];
  const flush = () => {
    if (run.length > 0) out.push({ words: run, sentence: index });
    run = [];
  };
  const beside = (a: Word | undefined, b: Word | undefined) =>
    a && b && /^[\s'’-]*$/.test(text.slice(a.end, b.start)) ? true : undefined;
  own.forEach((word, at) => {
    const before = run.at(-1);
    const gap = before ? text.slice(before.end, word.start) : '';
    if (before && (word.han !== before.han ? gap.trim() !== '' : !(word.han ? gap === '' : /^[\s'’&/-]*$/.test(gap))))
      flush();
    const previous = beside(own[at - 1], word) && own[at - 1]!.text;
    const next = beside(word, own[at + 1]) && own[at + 1]!.text;
    const isKnown = word.han && isCompound(word.text);
    if (
      (isStopWord(word.text) && !isKnown) ||
      (isJudgement(word.text) && !isKnown) ||
      (word.text.length < 2 && !word.han) ||
      /\d{3}/.test(word.text) ||
      !(word.han ? isHanNounLike : isEnglishNounLike)(word.text, word.han ? previous : run.at(-1)?.text, next)
    ) {
      flush();
      return;
    }
    run.push(word);
  });
  flush();
  return out;
}

/** "great", 好吃: what is thought of a thing is no name of it. */
function isJudgement(word: string): boolean {
  const found = feelingWord(word);
  return found !== undefined && (found.weight !== 0 || found.feeling !== undefined);
}

const keyOf = (word: Word) => (word.han ? word.text : stem(word.text));

function weighWords(runs: readonly Run[], sentences: number): Map<string, number> {
  const counts = new Map<string, { count: number; first: number; sentences: Set<number>; named: boolean }>();
  for (const run of runs) {
    for (const word of run.words) {
      const entry = counts.get(keyOf(word)) ?? { count: 0, first: run.sentence, sentences: new Set(), named: false };
      entry.count++;
      entry.sentences.add(run.sentence);
      // A capital inside a sentence marks a name.
      if (/^\p{Lu}/u.test(word.raw) && word !== run.words[0]) entry.named = true;
      counts.set(keyOf(word), entry);
    }
  }
  const out = new Map<string, number>();
  for (const [key, entry] of counts) {
    const early = 1 + 0.5 / (1 + entry.first);
    const spread = 1 + 0.5 * (entry.sentences.size / Math.max(1, sentences));
    const length = /\p{Script=Han}/u.test(key) ? (key.length > 1 ? 1 : 0.3) : Math.min(1, 0.4 + key.length * 0.1);
    out.set(key, (0.4 + Math.log2(1 + entry.count)) * early * spread * length * (entry.named ? 1.3 : 1));
  }
  return out;
}

const MOST_WORDS = 4;

function candidatesOf(runs: readonly Run[], text: string, weights: Map<string, number>): Candidate[] {
  const found = new Map<string, Candidate>();
  const add = (part: readonly Word[]) => {
    const key = part.map(keyOf).join(' ');
    const known = found.get(key);
    if (known) {
      known.count++;
      return;
    }
    const start = part[0]!.start;
    const end = part.at(-1)!.end;
    found.set(key, { key, phrase: text.slice(start, end), words: part.length, count: 1, score: 0, start, end });
  };
  for (const run of runs) {
    for (let from = 0; from < run.words.length; from++)
      for (let length = 1; length <= MOST_WORDS && from + length <= run.words.length; length++)
        add(run.words.slice(from, from + length));
  }
  const whole = new Set(runs.map((run) => run.words.map(keyOf).join(' ')));
  // "solar" says less than "solar farms" where that comes back.
  const inLonger = new Map<string, number>();
  for (const candidate of found.values()) {
    const isCompound =
      whole.has(candidate.key) && candidate.words <= 3 && /(?:^| )\p{Script=Han}(?: |$)/u.test(candidate.key);
    if (candidate.words < 2 || (candidate.count < 2 && !isCompound)) continue;
    for (const part of candidate.key.split(' ')) inLonger.set(part, Math.max(inLonger.get(part) ?? 0, candidate.count));
  }
  const out: Candidate[] = [];
  for (const candidate of found.values()) {
    const isHan = /^\p{Script=Han}/u.test(candidate.phrase);
    if (isHan && (candidate.phrase.length < 2 || candidate.phrase.length > 10)) continue;
    // A part of a run is a phrase of its own only where it comes back elsewhere; a lone word is always one.
    if (
      candidate.words > 1 &&
      candidate.count === 1 &&
      !(whole.has(candidate.key) && candidate.words <= (isHan ? 4 : 3))
    )
      continue;
    if (candidate.words === 1 && (inLonger.get(candidate.key) ?? 0) * 2 >= candidate.count) continue;
    const parts = candidate.key.split(' ').map((key) => weights.get(key) ?? 0);
    const mean = parts.reduce((sum, one) => sum + one, 0) / parts.length;
    const company = candidate.words === 1 ? 1 : candidate.words === 2 ? 1.35 : 1.45;
    candidate.score = mean * company * (0.7 + 0.3 * Math.log2(1 + candidate.count));
    out.push(candidate);
  }
  return out;
}
