/** How much a word tells: a coarse class of frequency, made from general vocabulary. */
import { isFunctionWord } from '../text/lexicon.ts';
import { stem } from '../text/text.ts';

/** Verbs of asking and doing that nearly every request has. */
const ASKING = new Set(
  `find get calculate compute determine show give tell list search look check need want help use using given provide create make
  generate retrieve fetch return know see work run perform do take set add put let think like would could can display
  turn switch obtain estimate figure ask question answer request please identify evaluate specify based following according
  currently available possible many much long often far old kind sort tell`
    .split(/\s+/)
    .flatMap((word) => [word, stem(word)]),
);

/** Prepositions, conjunctions and the like that the lexicon does not hold. */
const SMALL = new Set(
  `than where while because above below against during per without within through across among between until since after before beyond
  along around behind beside near toward towards upon whether either neither both each every if else also too more less least most
  much many few several such only own same being having doing using there then else ever never always often there's whose approximately`.split(
    /\s+/,
  ),
);

/** Nouns and adjectives that say little of a subject. */
const COMMON = new Set(
  `number value name type time date day year month week hour minute list result information info detail data current new specific certain
  total amount count item thing object user person people place location city country world state area point level size unit
  first second third last next previous recent latest high low highest lowest maximum minimum good great nice quick cheap popular famous nearby open available simple easy local more most less least best top good
  given different same other another single all any each every some main general common full whole per given between
  id code string text file option mode format kind category group set range start end begin from to by for with
  function parameter argument input output default optional required example description formula equation method process
  way part side line page story today tomorrow yesterday now dollar name`
    .split(/\s+/)
    .flatMap((word) => [word, stem(word)]),
);

/** Words come again and again; a bound keeps a stream of new ones from filling memory. */
const MOST_WORDS = 20_000;

/** A function of a word, remembered. */
function remembered<T>(work: (word: string) => T): (word: string) => T {
  const seen = new Map<string, T>();
  return (word) => {
    const old = seen.get(word);
    if (old !== undefined) return old;
    const value = work(word);
    if (word.length > 40) return value;
    if (seen.size >= MOST_WORDS) seen.clear();
    seen.set(word, value);
    return value;
  };
}

/** The light stem of `text.ts`. */
export const stemOf = remembered(stem);

/** 0 for a function word, .12 for words of asking, .4 for general nouns, 1 for what names a subject. Folded words. */
export const rarity: (word: string) => number = remembered(rarityOf);

function rarityOf(word: string): number {
  if (isFunctionWord(word) || SMALL.has(word)) return 0;
  if (ASKING.has(word) || ASKING.has(stem(word))) return 0.12;
  if (COMMON.has(word) || COMMON.has(stem(word))) return 0.4;
  return 1;
}
