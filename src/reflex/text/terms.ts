/** What a text is about, as a bag of terms that two texts can share: stems, Chinese bigrams, meanings of the lexicon. */
import { hanMeanings, isFunctionWord, meanings } from './lexicon.ts';
import { splitIdentifier, stem, words } from './text.ts';

/** Term → weight. Meanings begin with `#`, Chinese bigrams with `~`. */
export type Terms = Map<string, number>;

export function addTerms(terms: Terms, text: string, weight: number): void {
  const add = (term: string, by: number) => terms.set(term, Math.max(terms.get(term) ?? 0, by));
  let run = '';
  let runEnd = -1;
  const flush = () => {
    if (run === '') return;
    for (let index = 0; index + 1 < run.length; index++) add(`~${run.slice(index, index + 2)}`, weight * 0.5);
    for (const { meaning, word } of hanMeanings(run)) add(meaning, weight * (word.length > 1 ? 1 : 0.6));
    run = '';
  };
  for (const word of words(text)) {
    if (word.han) {
      if (word.start !== runEnd) flush();
      run += word.text;
      runEnd = word.end;
      if (!isFunctionWord(word.text)) add(word.text, weight * (word.text.length > 1 ? 1 : 0.5));
      continue;
    }
    flush();
    for (const part of splitIdentifier(word.raw)) {
      for (const meaning of meanings(part)) add(meaning, weight * (isFunctionWord(part) ? 0.4 : 1));
      if (!isFunctionWord(part)) add(stem(part), weight);
    }
  }
  flush();
}

export function termsOf(text: string): Terms {
  const terms: Terms = new Map();
  addTerms(terms, text, 1);
  return terms;
}
