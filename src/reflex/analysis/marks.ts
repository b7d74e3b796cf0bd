/**
 * Marks of feeling in a text: words of the table with what stands around them taken into account - negation, degree, contrast,
 * emphasis, irony. Sentiment and emotion are read off these marks.
 */
import { foldSameLength } from '../text/text.ts';
import { clausesOf } from './clauses.ts';
import { type Feeling, feelingNames, feelingSign, feelingWord, longestPhrase } from './feeling.ts';

export interface Mark {
  /** Weight of the word after negation, degree and contrast; about -6 to 6. */
  weight: number;
  feeling?: Feeling;
  /** How strongly a feeling shows, whatever its sign; 0 where it was negated. */
  strength: number;
  start: number;
  end: number;
}

type Token = { start: number; end: number } & (
  | { kind: 'feel'; weight: number; feeling?: Feeling; word: string }
  | { kind: 'no' }
  | { kind: 'degree'; by: number }
  | { kind: 'but' }
  | { kind: 'plain'; word: string }
);

const list = (words: string) => new Set(words.split(' '));
const NO_ZH = list(
  '不 没 没有 无 未 别 非 并不 并非 并没 并没有 不是 不是很 不太 不怎么 不够 不会 不能 不算 不那么 不再 不觉得 不感到 不是特别 没那么 没怎么 没觉得 没感到 从不 从没 从来不 从来没 绝不 毫不 毫无 决不 谈不上 算不上 称不上 说不上 缺乏 没有想象中 没有想象 没想象中 没想象 一点也不 一点都不 一点儿也不 一点不 难以 不敢说',
);
const NO_EN = list(
  "not no never none neither nor without hardly barely scarcely cannot cant dont doesnt didnt isnt wasnt arent werent wont wouldnt shouldnt couldnt nothing nobody nowhere lacks lacking isn't wasn't aren't weren't don't doesn't didn't can't won't wouldn't shouldn't couldn't haven't hasn't hadn't ain't far_from anything_but less not_very not_really not_so not_that not_too not_particularly not_all_that not_exactly no_longer",
);
const MORE =
  '非常 特别 十分 极其 极度 极为 相当 超级 超 超极 巨 贼 真的 真是 实在是 实在 太 好 很 真 最 尤其 格外 异常 万分 无比 这么 那么 如此 简直 绝对 完全 根本 简直了 老 死 极了 死了 透了 坏了 得不得了 得不行 得要命 得很 爆 到家了 very really extremely so too absolutely totally completely incredibly super highly truly utterly particularly especially insanely exceptionally remarkably terribly awfully pretty damn bloody such most deeply strongly beyond freaking fucking hella seriously';
const LESS =
  '有点 有点儿 有些 有一点 一点 一点点 稍 稍微 稍稍 略 略微 略显 些许 还算 比较 较 挺 蛮 稍嫌 微微 偶尔 a_bit a_little slightly somewhat fairly rather kind_of sort_of kinda sorta a_tad a_touch quite mildly a_little_bit occasionally';
const degrees = new Map<string, number>();
for (const word of MORE.split(' ')) degrees.set(word, 1.4);
for (const word of LESS.split(' ')) degrees.set(word, 0.7);
for (const word of ['很', '真', '挺', '蛮', 'quite', 'pretty', '比较', '还算']) degrees.set(word, 1.1);
const BUT = list(
  '但 但是 不过 可是 然而 只是 就是 却 可惜 反而 只可惜 美中不足 but however although though yet unfortunately nevertheless still except sadly despite',
);
/** Whole phrases whose negation word negates nothing. */
const NOT_NO = list(
  '不仅 不但 不只 不光 不得不 无论 不管 非得 除非 并非不 别人 别的 别墅 别家 分别 区别 不错 不赖 不客气 不用谢 不好意思 没事 没关系 没错 没话说 not_only no_doubt no_wonder no_matter not_just not_to_mention no_one_else',
);
const GOOD_PHRASES = list(
  "no_problem no_problems no_complaints no_complaint no_issues no_issue can't_complain cannot_complain can't_go_wrong can't_fault couldn't_be_happier couldn't_ask_for could_not_be_happier never_disappoints never_disappointed never_fails nothing_but_good no_regrets not_bad 没问题 没有问题 没毛病 没得挑 不后悔 没失望 没让我失望 没有让我失望 不会失望 从不失望 从没失望过",
);

/** Everything that can stand in a clause, told apart. */
function tokensOf(clause: string, offset: number): Token[] {
  const out: Token[] = [];
  const shape = /\p{Script=Han}+|[a-z]+(?:['’][a-z]+)?|\p{Extended_Pictographic}|\S/gu;
  const latin: { word: string; start: number; end: number }[] = [];
  const flush = () => {
    phraseTokens(latin, out);
    latin.length = 0;
  };
  for (const match of clause.matchAll(shape)) {
    const part = match[0];
    const start = offset + match.index;
    if (/^[a-z]/.test(part)) {
      latin.push({ word: part.replace('’', "'"), start, end: start + part.length });
      continue;
    }
    flush();
    if (/^\p{Script=Han}/u.test(part)) hanTokens(part, start, out);
    else {
      const sign = feelingSign(part);
      out.push(
        sign
          ? { kind: 'feel', ...sign, word: part, start, end: start + part.length }
          : { kind: 'plain', word: part, start, end: start + part.length },
      );
    }
  }
  flush();
  return out;
}

function classify(name: string, start: number, end: number): Token | undefined {
  if (NOT_NO.has(name)) {
    const found = feelingWord(name);
    return found?.weight
      ? { kind: 'feel', ...found, word: name, start, end }
      : { kind: 'plain', word: name, start, end };
  }
  if (GOOD_PHRASES.has(name)) return { kind: 'feel', weight: 1.5, word: name, start, end };
  if (NO_ZH.has(name) || NO_EN.has(name)) return { kind: 'no', start, end };
  if (BUT.has(name)) return { kind: 'but', start, end };
  const by = degrees.get(name);
  const found = name.length > 1 || by === undefined || name === '好' ? feelingWord(name) : undefined;
  if (found && (found.weight !== 0 || found.feeling)) return { kind: 'feel', ...found, word: name, start, end };
  if (by !== undefined) return { kind: 'degree', by, start, end };
  return found ? { kind: 'plain', word: name, start, end } : undefined;
}

/** The longest entry that begins with a character; most characters begin none. */
const longestFrom = new Map<string, number>();
for (const names of [feelingNames(), NO_ZH, BUT, degrees.keys(), NOT_NO, GOOD_PHRASES])
  for (const name of names)
    if (!/^[a-z]/.test(name)) longestFrom.set(name[0]!, Math.max(longestFrom.get(name[0]!) ?? 0, name.length));

function hanTokens(run: string, offset: number, out: Token[]): void {
  for (let at = 0; at < run.length; ) {
    let token: Token | undefined;
    for (let length = Math.min(longestFrom.get(run[at]!) ?? 0, run.length - at); length >= 1 && !token; length--)
      token = classify(run.slice(at, at + length), offset + at, offset + at + length);
    token ??= { kind: 'plain', word: run[at]!, start: offset + at, end: offset + at + 1 };
    out.push(token);
    at = token.end - offset;
  }
}

const LONGEST_PHRASE = Math.max(longestPhrase, 5);

function phraseTokens(words: readonly { word: string; start: number; end: number }[], out: Token[]): void {
  for (let at = 0; at < words.length; ) {
    let length = Math.min(LONGEST_PHRASE, words.length - at);
    let token: Token | undefined;
    for (; length >= 1; length--) {
      const name = words
        .slice(at, at + length)
        .map((one) => one.word)
        .join('_');
      token = classify(name, words[at]!.start, words[at + length - 1]!.end);
      if (token) break;
    }
    const one = words[at]!;
    // "soooo good", "looove": a letter held down is emphasis, not another word.
    if (!token && /(.)\1\1/.test(one.word)) {
      const short = one.word.replace(/(.)\1\1+/g, '$1');
      const double = one.word.replace(/(.)\1\1+/g, '$1$1');
      token = classify(double, one.start, one.end) ?? classify(short, one.start, one.end);
      if (token?.kind === 'feel') token.weight *= 1.3;
    }
    out.push(token ?? { kind: 'plain', word: one.word, start: one.start, end: one.end });
    at += Math.max(1, token ? length : 1);
  }
}

/** Words between a negation and what it negates, at most. */
const REACH = 4;
/** Words looked at for it, those of degree included. */
const LOOK_BACK = 10;

/** Single signs that judge whatever stands around them. */
const SURE_SIGNS = list('赞 棒 差 烂 烦 累 困 臭 脏 贵 慢 爽 怕 哭 恨 坑 哇 卡 糟 惨 丑 爱 骗 呸');

/** 小 in 小杯, 油 in 油价: a single sign is a judgement only where it stands as one - graded, negated, or at the end. */
function isDoubtful(tokens: readonly Token[], index: number, token: Token & { word?: string }): boolean {
  if (token.end - token.start > 1 || !/\p{Script=Han}/u.test(token.word ?? '') || SURE_SIGNS.has(token.word!))
    return false;
  const before = tokens[index - 1];
  const next = tokens[index + 1];
  if (before && (before.kind === 'degree' || before.kind === 'no' || (before.kind === 'feel' && before.word === '好')))
    return false;
  return (
    next !== undefined &&
    !(next.kind === 'plain' && /^[了的点死些啊呀吧哦呢哈啦一]$/.test(next.word)) &&
    next.kind !== 'degree' &&
    next.kind !== 'but'
  );
}

function markOf(tokens: readonly Token[], index: number): Mark | undefined {
  const token = tokens[index]!;
  if (token.kind !== 'feel') return undefined;
  const next = tokens[index + 1];
  // 好贵, 好难吃: the same sign that praises alone makes a following word stronger.
  if (token.word === '好' && next?.kind === 'feel' && next.start === token.end) return undefined;
  if (isDoubtful(tokens, index, token)) return undefined;
  let by = 1;
  let negations = 0;
  let distance = 0;
  for (let back = index - 1; back >= Math.max(0, index - LOOK_BACK) && distance < REACH; back--) {
    const before = tokens[back]!;
    if (before.kind === 'degree') by *= before.by;
    else if (before.kind === 'feel' && before.word === '好' && before.end === tokens[back + 1]!.start) by *= 1.4;
    else if (before.kind === 'no') negations++;
    else if (before.kind === 'but') break;
    else if (before.kind === 'feel') {
      // "not good or cheap" denies both; "not good and not cheap" denies each once.
      if (negations > 0) break;
      if (distance > 0 || before.weight !== 0) distance += 2;
    } else distance++;
  }
  if (next?.kind === 'degree' && next.start === token.end) by *= next.by;
  by = Math.min(2, Math.max(0.5, by));
  const weight = token.weight * by;
  const place = { start: token.start, end: token.end };
  if (negations % 2 === 1) {
    const turned = token.weight > 0 ? -0.9 * token.weight : -0.5 * token.weight;
    return { weight: turned, strength: 0, ...place };
  }
  const strength = token.feeling ? Math.max(1, Math.abs(token.weight)) * by : 0;
  return { weight, strength, ...place, ...(token.feeling ? { feeling: token.feeling } : {}) };
}

/** What a text says by its build rather than by one word: long waits, what came only late, wishes. Weight as for words. */
const TURNS: [RegExp, number][] = [
  [
    /(?:等|送|花|用|过)了?.{0,6}(?:小时|钟头|半天)|(?:小时|钟头|分钟|半天|多天|个月|几天)了?.{0,3}(?:才|还没|都没|还不)/,
    -1.8,
  ],
  [/才(?:送|到|来|收|拿|给|发|接|回)|还(?:没|不)(?:有)?(?:到|来|送|收|发|给|处理|解决)/, -1.2],
  [/\b(?:took|waited|waiting|after|over|more than)\b.{0,20}\b(?:hours?|days|weeks|months)\b/, -1],
  [/\b(?:if only|i wish|would have been|should have|could have|could use)\b/, -0.8],
  [/(?:根本|完全|压根|一点)(?:儿)?(?:都|也|就)?(?:不|没)/, -1.2],
  [/\bnever (?:again|buying|coming|going|ordering|using|order|buy|come|go|use|shop|return)\b/, -2.5],
  [/(?:再也|以后|下次)(?:都|也|绝对|坚决|肯定)?不(?:会|来|买|点|去|订|定|想)/, -2.5],
  [/\b(?:will|would|definitely) (?:be back|come back|return|buy again|order again|go again|recommend)\b/, 2],
  [/\b(?:would|will|do|could) ?(?:not|n't) recommend\b|\bcan(?:no|')t recommend\b/, -2.5],
  [/(?:下次|以后|还|一定)(?:还|会|再|继续|要)+(?:来|点|买|订|定|光顾|吃|去)/, 2],
  [/(?:连|甚至)[^，。]{1,10}(?:都没|都不|也没|也不)/, -1.5],
  [/\b(?:can(?:no|')t|could ?(?:not|n't)) (?:thank|praise|recommend) .{1,30}\benough\b/, 5],
  [/(?:能|可以|要是|如果|希望).{0,10}(?:再|更).{1,6}(?:点|些|好)|行不行|能不能|行吗[？?]?$/, -0.7],
  [/(?:这|那)(?:也|都)(?:叫|算|配)|真的?好吗$|好意思/, -2],
  [/\bsaid (?:nobody|no one)\b|\bthanks for nothing\b|\byeah,? right\b/, -5],
  [/越来越(?:差|贵|少|慢|难吃|不)|越做越差/, -2],
];

const IRONY_BEFORE =
  /^(?:oh |wow |well )?(?:great|wonderful|fantastic|perfect|brilliant|lovely|nice|just great|thanks a lot|good job|well done|bravo)$|^(?:真好|太好了|好极了|真棒|真行|很好|厉害了|牛|真是太好了)$/;

/** Marks before a "but" that it weakens, at most. */
const MOST_TURNED = 50;

/** All marks of a text, in order. Time is linear in the text; the caller bounds it. */
export function marksOf(text: string): Mark[] {
  const folded = foldSameLength(text);
  const out: Mark[] = [];
  let ironic: Mark[] = [];
  let sentence = 0;
  for (const clause of clausesOf(folded)) {
    const between = folded.slice(out.at(-1)?.end ?? 0, clause.start);
    if (/[。！？!?.\n]/.test(between)) sentence = out.length;
    const tokens = tokensOf(clause.text, clause.start);
    const marks: Mark[] = [];
    let turned = false;
    tokens.forEach((token, index) => {
      // What comes after "but" is what is meant; the first one in a clause turns it.
      if (token.kind === 'but' && !turned) {
        turned = true;
        for (const mark of [...out.slice(Math.max(sentence, out.length - MOST_TURNED)), ...marks]) mark.weight *= 0.75;
      }
      const mark = markOf(tokens, index);
      if (!mark) return;
      if (turned) mark.weight *= 1.25;
      marks.push(mark);
    });
    for (const [pattern, weight] of TURNS) {
      const match = pattern.exec(clause.text);
      if (match)
        marks.push({
          weight,
          strength: 0,
          start: clause.start + match.index,
          end: clause.start + match.index + match[0].length,
        });
    }
    const after = folded.slice(clause.end, clause.end + 3);
    if (/^[!！]{2}/.test(after)) for (const mark of marks) scale(mark, 1.25);
    else if (/^[!！]/.test(after)) for (const mark of marks) scale(mark, 1.1);
    // Praise alone, and then nothing but blame: the praise was not meant.
    if (ironic.length > 0 && sum(marks) < -1) for (const mark of ironic) mark.weight *= -0.7;
    ironic = IRONY_BEFORE.test(clause.text.trim()) ? marks : marks.length > 0 ? [] : ironic;
    out.push(...marks);
  }
  return out.filter((mark) => !isQuotedPraise(mark, text));
}

function scale(mark: Mark, by: number): void {
  mark.weight *= by;
  mark.strength *= by;
}

function sum(marks: readonly Mark[]): number {
  return marks.reduce((total, mark) => total + mark.weight, 0);
}

/** A single word of praise between quotation marks is a quotation, or not meant. */
function isQuotedPraise(mark: Mark, text: string): boolean {
  return mark.weight > 0 && /["“]/.test(text[mark.start - 1] ?? '') && /["”]/.test(text[mark.end] ?? '');
}
