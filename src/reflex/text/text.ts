/** Reading of text that everything in Reflex shares: folding, words, scripts, language. */

const segmenter = new Intl.Segmenter('zh', { granularity: 'word' });
const HAN = /\p{Script=Han}/u;
const HAN_ALL = /\p{Script=Han}/gu;

export interface Word {
  /** Folded: NFKC, lower case. */
  text: string;
  /** As written. */
  raw: string;
  start: number;
  end: number;
  han: boolean;
}

/** NFKC and lower case; never used where offsets into the original matter. */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/**
 * Full-width ASCII to half-width and upper to lower case, one UTF-16 unit for one, so that offsets stay true.
 */
export function foldSameLength(text: string): string {
  let out = '';
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0xff01 && code <= 0xff5e) out += String.fromCharCode(code - 0xfee0).toLowerCase();
    else if (code === 0x3000) out += ' ';
    else {
      const lower = text[index]!.toLowerCase();
      out += lower.length === 1 ? lower : text[index]!;
    }
  }
  return out;
}

/** Word-like segments with their offsets. Chinese words come from the runtime's dictionary. */
export function words(text: string): Word[] {
  const out: Word[] = [];
  for (const part of segmenter.segment(text)) {
    if (!part.isWordLike) continue;
    out.push({
      text: fold(part.segment),
      raw: part.segment,
      start: part.index,
      end: part.index + part.segment.length,
      han: HAN.test(part.segment),
    });
  }
  return out;
}

export function hasHan(text: string): boolean {
  return HAN.test(text);
}

/** The language to answer in: Chinese where at least a fifth of the letters are Han. */
export function languageOf(text: string): 'zh' | 'en' {
  const han = text.match(HAN_ALL)?.length ?? 0;
  if (han === 0) return 'en';
  const latin = text.match(/[a-z]/gi)?.length ?? 0;
  // A Han character carries about as much as a Latin word of four letters.
  return han * 4 >= latin ? 'zh' : 'en';
}

const SUFFIXES: [RegExp, string][] = [
  [/ies$/, 'y'],
  [/(ss|us|is)$/, '$1'],
  [/(x|ch|sh|ss)es$/, '$1'],
  [/s$/, ''],
];
const ENDINGS: [RegExp, string][] = [
  [/(.{3,})ations?$/, '$1'],
  [/(.{3,})ment$/, '$1'],
  [/(.{3,})ness$/, '$1'],
  [/(.{3,})ing$/, '$1'],
  [/(.{3,})ed$/, '$1'],
  [/(.{3,})er$/, '$1'],
  [/(.{3,})ly$/, '$1'],
];

/** A light English stem: plural, then one ending, doubled consonant and final e dropped. Other scripts come back as they are. */
export function stem(word: string): string {
  // The bound keeps the expressions below from going through a page of letters again and again.
  if (word.length < 4 || word.length > 40 || !/^[a-z]+$/.test(word)) return word;
  let out = word;
  for (const [pattern, by] of SUFFIXES) {
    if (pattern.test(out)) {
      out = out.replace(pattern, by);
      break;
    }
  }
  for (const [pattern, by] of ENDINGS) {
    if (pattern.test(out)) {
      out = out.replace(pattern, by).replace(/([bdfgklmnprt])\1$/, '$1');
      break;
    }
  }
  return out.length > 3 ? out.replace(/e$/, '') : out;
}

/** `getWeatherByCity`, `get_weather-by.city` → `['get', 'weather', 'by', 'city']`, folded. */
export function splitIdentifier(name: string): string[] {
  return name
    .slice(0, 2_000)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]{1,40})([A-Z][a-z])/g, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map(fold);
}
