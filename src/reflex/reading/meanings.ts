/** Where a text's words have which meaning. */
import { hanMeanings, meanings } from '../text/lexicon.ts';
import type { Reading } from './text.ts';

const placesCache = new WeakMap<Reading, { meaning: string; start: number; end: number }[]>();

export function meaningPlaces(reading: Reading): { meaning: string; start: number; end: number }[] {
  let places = placesCache.get(reading);
  if (places) return places;
  places = [];
  for (const word of reading.words) {
    if (word.han) continue;
    for (const meaning of meanings(word.text)) places.push({ meaning, start: word.start, end: word.end });
  }
  for (const run of reading.folded.matchAll(/\p{Script=Han}+/gu)) {
    for (const { meaning, word, at } of hanMeanings(run[0]))
      places.push({ meaning, start: run.index + at, end: run.index + at + word.length });
  }
  placesCache.set(reading, places);
  return places;
}
