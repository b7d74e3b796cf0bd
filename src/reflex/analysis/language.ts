/** The language of a text, by script and by the commonest words of the larger languages in Latin letters. */
export interface LanguageReading {
  /** ISO 639-1; `und` where there are no letters. */
  code: string;
  /** 0 to 1. */
  confidence: number;
}

const SCRIPTS: [string, RegExp][] = [
  ['ja', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['ko', /\p{Script=Hangul}/gu],
  ['zh', /\p{Script=Han}/gu],
  ['ru', /\p{Script=Cyrillic}/gu],
  ['ar', /\p{Script=Arabic}/gu],
  ['hi', /\p{Script=Devanagari}/gu],
  ['th', /\p{Script=Thai}/gu],
  ['el', /\p{Script=Greek}/gu],
  ['he', /\p{Script=Hebrew}/gu],
];

const COMMON: Record<string, Set<string>> = Object.fromEntries(
  Object.entries({
    en: 'the and is are was of to in it you for on with that this have not my i we they be at from what how',
    fr: 'le la les des est et une un je vous nous pas pour dans que qui ce cette avec sur très mais du au ne il elle mon',
    de: 'der die das und ist nicht ich sie ein eine zu mit auf für den dem von war sehr aber wir haben auch es im wie',
    es: 'el la los las es y una un no que de en por para con muy pero mi está esto se yo me lo al del como fue',
    it: 'il la gli le è e un una non che di in per con molto ma sono questo si mi lo al del come ho era',
    pt: 'o a os as é e um uma não que de em por para com muito mas meu está isso se eu me ao do da como foi você',
    nl: 'de het een en is niet ik je van in op met voor dat dit zijn was heel maar we hebben ook er aan hoe',
  }).map(([code, list]) => [code, new Set(list.split(' '))]),
);

/** Reads the first 4,000 characters. */
export function detectLanguage(text: string): LanguageReading {
  const read = text.slice(0, 4_000);
  const counts = new Map(SCRIPTS.map(([code, pattern]) => [code, read.match(pattern)?.length ?? 0]));
  const latin = read.match(/\p{Script=Latin}/gu)?.length ?? 0;
  // Japanese is written with Han characters as well; one sign of kana in ten tells it.
  const kana = counts.get('ja')!;
  if (kana > 0 && kana * 10 >= counts.get('zh')!) counts.set('ja', kana + counts.get('zh')!).set('zh', 0);
  let [code, count] = ['und', 0];
  let total = latin / 4;
  for (const [one, of] of counts) {
    total += of;
    if (of > count) [code, count] = [one, of];
  }
  if (total === 0) return { code: 'und', confidence: 0 };
  if (count > latin / 4) return { code, confidence: Math.round((count / total) * 100) / 100 };
  return latinLanguage(read);
}

function latinLanguage(text: string): LanguageReading {
  const words = text.toLowerCase().match(/\p{Script=Latin}+/gu) ?? [];
  let best = { code: 'en', hits: 0 };
  let second = 0;
  for (const [code, common] of Object.entries(COMMON)) {
    const hits = words.filter((word) => common.has(word)).length;
    if (hits > best.hits) {
      second = best.hits;
      best = { code, hits };
    } else second = Math.max(second, hits);
  }
  if (best.hits === 0) return { code: 'en', confidence: 0.5 };
  return { code: best.code, confidence: Math.round((0.5 + 0.5 * ((best.hits - second) / best.hits)) * 100) / 100 };
}

const NAMES: Record<string, string> = {
  en: 'en english eng 英文 英语 en-us en-gb',
  zh: 'zh chinese chi cn mandarin 中文 汉语 简体中文 普通话 zh-cn zh-hans simplified_chinese',
  ja: 'ja japanese jp 日文 日语 日本語',
  ko: 'ko korean kr 韩文 韩语 한국어',
  fr: 'fr french 法文 法语 français',
  de: 'de german 德文 德语 deutsch',
  es: 'es spanish 西班牙文 西班牙语 español',
  it: 'it italian 意大利文 意大利语 italiano',
  pt: 'pt portuguese 葡萄牙文 葡萄牙语 português',
  nl: 'nl dutch 荷兰文 荷兰语 nederlands',
  ru: 'ru russian 俄文 俄语 русский',
  ar: 'ar arabic 阿拉伯文 阿拉伯语',
  hi: 'hi hindi 印地语',
  th: 'th thai 泰文 泰语',
  el: 'el greek 希腊语',
  he: 'he hebrew 希伯来语',
};
const codes = new Map(
  Object.entries(NAMES).flatMap(([code, names]) => names.split(' ').map((name) => [name, code] as const)),
);

/** The code that a label such as `English`, `zh-CN` or 中文 names. */
export function languageCode(label: string): string | undefined {
  return codes.get(
    label
      .trim()
      .toLowerCase()
      .replaceAll(/[ ]/g, '_')
      .replaceAll(/_(?=[a-z]{2}$)/g, '-'),
  );
}
