/** Tokens of the slot tagger: small enough that a slot of any language begins and ends on their bounds. */
import { fold } from '../text/text.ts';

/** What a token is made of: a character of a script without spaces, a word, a number, anything else. */
export type TokenKind = 'character' | 'word' | 'number' | 'mark';

export interface Token {
  /** Folded: NFKC, lower case. */
  text: string;
  /** UTF-16 offsets into the text as it was given. */
  start: number;
  end: number;
  kind: TokenKind;
}

const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
/** Marks, joiners and selectors stay with the character that they change, so that no span cuts an emoji or an accent. */
const TAIL = '(?:[\\p{M}\\p{Emoji_Modifier}]|\\u200d\\S?)*';
const TOKEN = new RegExp(
  [
    `([${UNSPACED}])${TAIL}`,
    `((?:(?<=\\p{L})['’](?=\\p{L}))?[\\p{L}--[${UNSPACED}]][[\\p{L}\\p{M}]--[${UNSPACED}]]*)`,
    '(\\p{N}+)\\p{M}*',
    `\\p{Regional_Indicator}{2}|\\S${TAIL}`,
  ].join('|'),
  'gv',
);

/** Tokens in order. Linear in the length of the text. */
export function tokenize(text: string): Token[] {
  const out: Token[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const kind = match[1] ? 'character' : match[2] ? 'word' : match[3] ? 'number' : 'mark';
    out.push({ text: fold(match[0]), start: match.index, end: match.index + match[0].length, kind });
  }
  return out;
}
