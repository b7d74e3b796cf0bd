/** How well a piece of a Chinese text fits a parameter that wants a string. */
import type { Json } from '../types.ts';
import type { Candidate } from './assign.ts';
import { type HanKind, type HanWant, wantOf } from './han-kind.ts';
import { type HanSpan, spansOf } from './han-spans.ts';
import { type HanText, type Piece, touches } from './han-text.ts';
import { JOINTS } from './han-words.ts';
import type { Parameter } from './parameters.ts';
import { formatDate } from './score-text.ts';
import { currencyOf, unitOf } from './units.ts';

export interface HanContext {
  han: HanText;
  /** Words and meanings of the tool itself. */
  about: ReadonlySet<string>;
  siblings: readonly Parameter[];
  /** Where the text names options of the parameters: borders of other values. */
  options: readonly { start: number; end: number }[];
}

export function stringCandidates(parameter: Parameter, context: HanContext): Candidate<Json>[] {
  const want = wantOf(parameter);
  const { han } = context;
  switch (want.kind) {
    case 'email':
      return coded(han, (value) => value.includes('@'), 8);
    case 'url':
      return coded(han, (value) => /^https?:/.test(value), 8);
    case 'phone':
      return coded(han, (value) => /^[\d+ -]{3,20}$/.test(value), 6);
    case 'code':
      return [...coded(han, (value) => !/@|^https?:/.test(value), 5, want), ...digits(han, want)];
    case 'date':
      return han.dates.map((span) => ({
        ...span,
        value: formatDate(span.value, han.text.slice(span.start, span.end), parameter),
        score: 5 + sideOfMoment(want, parameter, span, han),
      }));
    case 'time':
    case 'moment':
      return moments(parameter, want, context);
    case 'currency':
    case 'unit':
      return measures(want, context);
    case 'language':
      return languages(han);
    default:
      return wordy(parameter, want, context);
  }
}

function coded(han: HanText, fits: (value: string) => boolean, score: number, want?: HanWant): Candidate<Json>[] {
  return han.codes
    .filter((code) => fits(code.value))
    .map((code) => ({ ...code, score: score + (want && named(want, code.start, han) ? 1 : 0) }));
}

/** A short number that the text itself calls a number: 订单88231. */
function digits(han: HanText, want: HanWant): Candidate<Json>[] {
  return han.numbers
    .filter((one) => !one.weak && !one.unit && !one.currency && /^\d+$/.test(han.text.slice(one.start, one.end)))
    .map((one) => ({
      value: han.text.slice(one.start, one.end),
      start: one.start,
      end: one.end,
      score: 2 + (named(want, one.start, han) ? 2 : 0),
    }));
}

function sideOfMoment(
  want: HanWant,
  { names }: Parameter,
  span: { start: number; end: number },
  { text }: HanText,
): number {
  const isEnd =
    names.some((one) => /^(?:end|to|until|return|checkout|out|finish)$/.test(one)) ||
    want.words.some((word) => /结束|离店|退房|返程|截止|还车/.test(word));
  const isStart =
    !isEnd &&
    (names.some((one) => /^(?:start|from|begin|checkin|in|departure)$/.test(one)) ||
      want.words.some((word) => /开始|入住|出发|取车/.test(word)));
  const behind = /^(?:到|至|[-—~])/.test(text.slice(span.end, span.end + 1));
  const lead = /(?:到|至|[-—~]|离店|退房|返程)$/.test(text.slice(0, span.start));
  return (behind ? (isStart ? 1.5 : isEnd ? -1.5 : 0) : 0) + (lead ? (isEnd ? 2 : isStart ? -2 : 0) : 0);
}

function moments(parameter: Parameter, want: HanWant, { han, siblings }: HanContext): Candidate<Json>[] {
  const hasDate = siblings.some((one) => one !== parameter && wantOf(one).kind === 'date');
  const wantsDate = want.kind === 'moment' || /yyyy|日期/i.test(parameter.description);
  return han.times.map((span) => {
    const date = hasDate ? undefined : han.dates.find((one) => one.end <= span.start + 1 && span.start - one.end < 3);
    const time = parameter.schema.format === 'time' ? `${span.value}:00Z` : span.value;
    const joined = date && wantsDate;
    return {
      value: joined
        ? want.kind === 'moment'
          ? `${date.value}T${span.value}:00Z`
          : `${date.value} ${span.value}`
        : time,
      start: joined ? date.start : span.start,
      end: span.end,
      score: 5 + sideOfMoment(want, parameter, span, han),
    };
  });
}

const TARGET =
  /(?:换成|换算成|换算为|兑换成|折合成?|转成|转换成|转为|变成|成|等于多少|是多少|能换多少|换多少|多少|几|合|为)$/;

/** 100美元 is the one side, what stands behind 换成 the other. */
function measures(want: HanWant, { han }: HanContext): Candidate<Json>[] {
  const out: Candidate<Json>[] = [];
  const add = (word: string, start: number, owned: boolean) => {
    const isTarget = !owned && TARGET.test(han.folded.slice(0, start));
    const side = want.side === 'from' ? (owned ? 2.5 : isTarget ? -2 : 0) : want.side === 'to' ? (owned ? -2 : 2) : 0;
    out.push({
      value: want.kind === 'currency' ? currencyOf(word)! : word,
      start: start,
      end: start + word.length,
      score: 2.5 + side,
    });
  };
  const fits = (word: string) =>
    want.kind === 'currency' ? currencyOf(word) !== undefined : unitOf(word) !== undefined;
  const owners = new Map(han.numbers.map((one) => [one.start, one]));
  for (const number of owners.values()) {
    for (let length = Math.min(6, number.end - number.start); length > 0; length--) {
      const word = han.folded.slice(number.end - length, number.end);
      if (/^\d/.test(word) || !fits(word)) continue;
      add(word, number.end - length, true);
      break;
    }
  }
  for (let start = 0; start < Math.min(han.folded.length, 400); start++) {
    for (let length = 5; length > 0; length--) {
      const word = han.folded.slice(start, start + length);
      if (word.length < length || !fits(word) || touches({ start, end: start + length }, han.numbers)) continue;
      if (length === 1 && !TARGET.test(han.folded.slice(0, start))) continue;
      add(word, start, false);
      start += length - 1;
      break;
    }
  }
  return out;
}

const LANGUAGE =
  /(?:英|法|德|日|韩|俄|西班牙|葡萄牙|意大利|阿拉伯|泰|越南|粤|汉|中|荷兰|希腊|拉丁|印尼|马来|土耳其|波兰)(?:语|文)|普通话/g;

function languages({ text }: HanText): Candidate<Json>[] {
  return [...text.matchAll(LANGUAGE)].map((match) => ({
    value: match[0],
    start: match.index,
    end: match.index + match[0].length,
    score: 4 + (/[成为用]$/.test(text.slice(0, match.index)) ? 1.5 : 0),
  }));
}

// ---------------------------------------------------------------- words

function wordy(parameter: Parameter, want: HanWant, context: HanContext): Candidate<Json>[] {
  const { han } = context;
  const out: Candidate<Json>[] = [];
  for (const one of han.quoted)
    out.push({ ...one, score: { title: 6, content: 6, maker: 0, person: 1.5 }[want.kind as string] ?? 3.5 });
  if (want.kind === 'content' || want.kind === 'reason') out.push(...passages(want, context));
  if (want.kind === 'reason') return out;
  for (const span of spansOf(han)) {
    if (touches(span, han.quoted) || touches(span, han.codes)) continue;
    const score = scoreSpan(parameter, want, span, context);
    if (score !== undefined) out.push({ value: span.value, start: span.start, end: span.end, score });
  }
  return out;
}

const BASE: Partial<Record<HanKind, number>> = {
  place: 1,
  origin: 1,
  destination: 1,
  via: 0.3,
  person: 0.6,
  maker: 0.5,
  title: 1.1,
  content: 0.8,
  thing: 1.2,
};

/** Name nothing by themselves. */
const VAGUE = /^(?:名字|东西|问题|事情?|意思|地方|办法|情况|感觉|心情|时间|自己|大家|别人|别的|其他|人)$/;

/** undefined where the piece can't be the value at all. */
function scoreSpan(parameter: Parameter, want: HanWant, span: HanSpan, context: HanContext): number | undefined {
  const { han, about } = context;
  const pieces = han.pieces.slice(span.from, span.to);
  const own = pieces.map((piece) => isOwn(piece, about));
  if (
    pieces.every((piece, index) => own[index] || piece.kind !== 'content') &&
    !(want.kind === 'content' && span.verbs > 0 && !own.every(Boolean))
  )
    return undefined;
  if (pieces.every((piece) => piece.kind !== 'content')) return undefined;
  if (want.kind !== 'content' && VAGUE.test(span.value)) return undefined;
  let score = BASE[want.kind] ?? 1;
  const loose = want.kind === 'content' || want.kind === 'title';
  score -= (loose ? 0.4 : 1) * span.particles + (loose ? 0.25 : 0.7) * span.verbs + 0.6 * span.numbers;
  // 北京和上海 are two places.
  if (!loose && want.kind !== 'thing' && pieces.some((piece) => JOINTS.test(piece.text))) score -= 2;
  if (span.opensWithVerb) score -= loose ? 0.3 : 1;
  if (span.closesWithVerb) score -= 1;
  if (own[0]) score -= 1.2;
  // 生椰拿铁: the last word of a compound may be the tool's own.
  if (own.at(-1)) score -= want.kind === 'thing' && pieces.at(-2)?.kind === 'content' && !own.at(-2) ? 0.4 : 1.1;
  if (own.slice(1, -1).some(Boolean)) score -= 0.3;
  const left = han.pieces[span.from - 1];
  const right = han.pieces[span.to];
  const bounded = (piece: Piece | undefined) => piece !== undefined && touches(piece, context.options);
  if (touches(span, context.options)) score -= 2;
  if (span.numbers > 0 && han.numbers.some((one) => (one.unit ?? one.currency) && touches(span, [one]))) score -= 1.5;
  if (span.cutLeft && !(left && isOwn(left, about)) && !bounded(left) && !named(want, span.start, han)) score -= 1.1;
  if (span.cutRight && !(right && isOwn(right, about)) && !bounded(right)) score -= 1.1;
  if (span.cutRight && right && isOwn(right, about)) score += 0.3;
  score += Math.min(0.6, 0.08 * span.value.length);
  if (named(want, span.start, han)) score += 2.5;
  else if (belongsElsewhere(parameter, span, context)) score -= 2.5;
  return score + byKind(want, span, context);
}

function isOwn(piece: Piece, about: ReadonlySet<string>): boolean {
  return piece.kind === 'content' && (about.has(piece.text) || piece.meanings.some((meaning) => about.has(meaning)));
}

/** The parameter's own name right before: 备注房租, 公司是蓝天科技. */
function named(want: HanWant, start: number, han: HanText): boolean {
  const before = leadingText(start, han);
  return want.words.some((word) => before.endsWith(word) || (word.length > 2 && before.endsWith(word.slice(-2))));
}

const leading = new WeakMap<HanText, Map<number, string>>();

/** The text before a place, without what joins a name to its value. Asked again and again for the same places. */
function leadingText(start: number, han: HanText): string {
  let texts = leading.get(han);
  if (!texts) {
    texts = new Map();
    leading.set(han, texts);
  }
  let text = texts.get(start);
  if (text === undefined) {
    text = han.text.slice(Math.max(0, start - 14), start).replace(/(?:[:：是为叫选填写]|\s)+$/, '');
    texts.set(start, text);
  }
  return text;
}

function belongsElsewhere(parameter: Parameter, span: HanSpan, { han, siblings }: HanContext): boolean {
  return siblings.some((one) => one !== parameter && one.type === 'string' && named(wantOf(one), span.start, han));
}

const GOAL = /^(?:to|到|去|往|回|飞|飞往|前往|送到|送去|送|至)$/;
const SOURCE = /^(?:from|从|由)$/;
const VIA = /^(?:途经|途径|经过|经)$/;
const TO_WHOM = /^(?:给|跟|和|与|对|向|叫|找|呼叫|转给|发给|告诉|通知|拨打|打电话|替|让)$/;
const PLACE_END =
  /(?:省|市|县|区|镇|村|路|街|站|机场|港|公园|广场|大厦|大学|学校|医院|酒店|饭店|超市|商场|银行|公司|家|加油站|停车场|充电站|中心|馆|园|寺|山|湖|岛|桥|门|店|期|楼|室|城)$/;
const SURNAME =
  /^(?:欧阳|司马|诸葛|上官|慕容|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂焦向柳邢岳齐梅莫庄辛管祝左涂谷祁耿牟卜路詹关苗凌费纪靳盛童甄项曲成游阳裴席卫查屈鲍位覃霍翁隋甘景薄单包司柏宁柯阮桂])/;
const TITLED = /(?:先生|女士|小姐|经理|老师|总|医生|主任|师傅|教授|律师|阿姨|叔叔|哥|姐|局长|校长|老板|同学)$/;
const KIN =
  /^(?:爸爸?|妈妈?|爷爷|奶奶|外公|外婆|姥姥|姥爷|老公|老婆|哥哥?|姐姐?|弟弟?|妹妹?|儿子|女儿|叔叔|阿姨|舅舅|姑姑|老板|同事|客户|房东|男朋友|女朋友|朋友|领导|媳妇|爱人|岳父|岳母|表哥|表姐|家人)$/;

function byKind(want: HanWant, span: HanSpan, context: HanContext): number {
  switch (want.kind) {
    case 'origin':
    case 'destination':
    case 'via':
    case 'place':
      return asPlace(want.kind, span, context);
    case 'person':
      return asPerson(span, context.han);
    case 'maker':
      return (span.beforeDe ? 2.4 : -1) + (isName(span.value) ? 0.6 : 0) - 1.5 * span.joins;
    case 'title':
      return asTitle(span, context);
    case 'content':
      return 0.05 * span.value.length - (span.beforeDe ? 0.3 : 0);
    default:
      return asThing(want, span, context);
  }
}

function asPlace(kind: HanKind, span: HanSpan, { han }: HanContext): number {
  const behind = han.text.slice(span.end, span.end + 4);
  let score = (PLACE_END.test(span.value) ? 0.7 : 0) - 0.15 * span.joins;
  if (TO_WHOM.test(span.lead) && !GOAL.test(span.lead)) score -= 1.2;
  if (GOAL.test(span.lead)) score += kind === 'destination' ? 2.5 : kind === 'place' ? 1.2 : -2;
  else if (SOURCE.test(span.lead)) score += kind === 'origin' ? 3 : kind === 'place' ? 0.3 : -2.2;
  else if (VIA.test(span.lead)) score += kind === 'via' ? 3.5 : -2.5;
  else if (span.lead === '在') score += kind === 'place' ? 1.8 : 0.3;
  else if (kind === 'via') score -= 1.5;
  if (/^(?:出发|上车|启程)/.test(behind)) score += kind === 'origin' ? 2.5 : -1.5;
  if (/^(?:到|去|飞|至|往|直飞)/.test(behind)) score += kind === 'origin' ? 2 : kind === 'destination' ? -1.5 : 0;
  if (/^怎么走|^在哪/.test(behind)) score += kind === 'destination' || kind === 'place' ? 1.4 : 0;
  if (/^(?:附近|周边|旁边)/.test(behind)) score += kind === 'place' ? 2 : 0;
  if (/^(?:的天气|天气|会不会|会|下)/.test(behind)) score += kind === 'place' ? 0.8 : 0;
  if (kind === 'place' && span.from === 0) score += 0.4;
  if (/附近|周边/.test(span.value) && kind === 'place') score -= 1;
  return score;
}

function isName(value: string): boolean {
  if (KIN.test(value) || (TITLED.test(value) && value.length < 6) || /^[小老阿]\p{Script=Han}{1,2}$/u.test(value))
    return true;
  const surname = SURNAME.exec(value)?.[0].length ?? 0;
  return surname > 0 && value.length - surname >= 1 && value.length - surname <= 2;
}

function asPerson(span: HanSpan, han: HanText): number {
  let score = (isName(span.value) ? 1.7 : /^[A-Z][a-z]+$/.test(span.value) ? 1.2 : -0.6) - 2 * span.joins;
  if (TO_WHOM.test(span.lead)) score += 1.6;
  if (/^(?:打|发|转|说|的电话|的手机|存|回|汇|和|与|、)/.test(han.text.slice(span.end, span.end + 3))) score += 0.5;
  return score;
}

function asTitle(span: HanSpan, { siblings }: HanContext): number {
  const maker = siblings.some((one) => wantOf(one).kind === 'maker');
  let score = -0.8 * span.joins;
  if (maker && span.afterDe) score += 1.8;
  if (maker && span.beforeDe) score -= 2.5;
  if (/^(?:播放|放|听|来|唱|叫|加|添加|看|开)$/.test(span.lead) && !span.afterDe) score += 0.8;
  if (span.counted) score += 0.4;
  return score;
}

/** Ends of words for what a parameter of this sort holds. */
const SORTS: [RegExp, RegExp][] = [
  [/room|房间|位置/, /(?:厅|室|房|厨|卫|卫生间|浴|阳台|走廊|车库|院|卧|玄关|花园)/],
  [/drink|饮品|饮料|咖啡|奶茶/, /(?:茶|咖啡|拿铁|美式|汁|奶|卡布奇诺|摩卡|可乐|酒|水|浓缩|甘露)/],
  [/cuisine|菜系/, /(?:菜|料理|日料|火锅|烧烤|西餐|中餐|快餐|面)/],
  [/genre|风格|曲风|流派/, /(?:乐|摇滚|民谣|流行|古典|爵士|说唱|电子|风)/],
];

function asThing(want: HanWant, span: HanSpan, { siblings, han }: HanContext): number {
  const about = `${want.words.join(' ')} ${want.characters}`;
  let score = -0.5 * span.joins;
  const sort = SORTS.find(([pattern]) => pattern.test(about));
  if (sort) score += sort[1].test(span.value) ? 1.5 : 0;
  if (span.counted) score += 0.8;
  if (span.afterDe && !span.cutLeft) score += 0.3;
  if (/^(?:把|将|订|预约|约|买|来|点|加|要|找|搜|推荐|查|打开|关闭|做|用|喝|吃|看|听|在)$/.test(span.lead))
    score += 0.5;
  if (/^(?:到|去|给|从|送到|跟|叫)$/.test(span.lead)) score -= 1;
  if (span.lead === '加' && /加/.test(want.characters)) score += 2;
  else if (span.lead === '加' && span.counted && siblings.some((one) => /加/.test(wantOf(one).characters))) score -= 2;
  if (isName(span.value) && siblings.some((one) => wantOf(one).kind === 'person')) score -= 0.6;
  if (han.text.slice(span.end).startsWith('的') && siblings.length > 2) score -= 0.2;
  return score;
}

// ---------------------------------------------------------------- passages

const SAYS = /(?:说一声|说一下|说|告诉(?:他|她)|内容是|内容为|内容|写着|[:：])[，,：:\s]*(?=[^，,。\s])/g;
const REMINDS = /(?:提醒|叫|通知|喊)(?:一下)?(?:我|我们|大家|一下)(?:要|去|该|一下|记得|别忘了)?/g;
const SEARCHES =
  /(?:搜索|搜一搜|搜搜|搜|查询|查找|查一查|查查|查|检索|百度|谷歌|找一找|找找|问问|了解)(?:一下|下|看)?/g;
const BECAUSE = /(?:因为|由于|原因是|理由是|原因[:：]|理由[:：])/g;
const TAIL = /(?:[。.!！?？，,\s]|吧|呗|哦|谢谢)+$/;

/** What a marker leads to, up to the end of the text or clause; and what 把 takes to its verb. */
function passages(want: HanWant, { han, siblings }: HanContext): Candidate<Json>[] {
  const out: Candidate<Json>[] = [];
  const { text } = han;
  const add = (start: number, end: number, score: number, whole = false) => {
    let from = start;
    for (;;) {
      while (from < end && /[\s，,：:]/.test(text[from]!)) from++;
      const moment = whole ? undefined : [...han.dates, ...han.times].find((one) => one.start === from);
      if (!moment || moment.end >= end) break;
      from = moment.end;
    }
    const stop = from + text.slice(from, end).replace(TAIL, '').length;
    if (stop > from) out.push({ value: text.slice(from, stop), start: from, end: stop, score });
  };
  const clause = (at: number) => {
    const stop = /[，,。；;!！?？]/.exec(text.slice(at));
    return stop ? at + stop.index : text.length;
  };
  if (want.kind === 'reason') {
    for (const match of text.matchAll(BECAUSE))
      add(match.index + match[0].length, clause(match.index + match[0].length), 5);
    return out;
  }
  const isQuery =
    /query|搜索|查询|关键|问题|keyword/.test(`${want.words.join(' ')} ${want.characters}`) ||
    want.meanings.has('#search');
  for (const word of want.words) {
    const at = text.indexOf(word);
    if (at >= 0 && !/^(?:短信|消息|文本)$/.test(word)) add(skip(text, at + word.length), clause(at + word.length), 3.2);
  }
  for (const match of text.matchAll(SAYS))
    if (!isQuery) add(match.index + match[0].length, text.length, 5 - match.index / 1_000, true);
  for (const match of text.matchAll(/告诉(?!我)/g)) {
    const who = han.pieces.findIndex((piece) => piece.start >= match.index + 2);
    const next = han.pieces[who + 1];
    if (who >= 0 && next) add(next.start, text.length, 4.5, true);
  }
  for (const match of text.matchAll(REMINDS)) if (!isQuery) add(match.index + match[0].length, text.length, 5);
  if (isQuery)
    for (const match of text.matchAll(SEARCHES))
      add(match.index + match[0].length, text.length, (siblings.length > 1 ? 0.8 : 4.2) - match.index / 100);
  for (const match of text.matchAll(/[把将]/g)) {
    const end = /(?:翻译|译成|译为|发|存|记|写|改)/.exec(text.slice(match.index + 2));
    if (end) add(match.index + 1, match.index + 2 + end.index, 4.5);
  }
  const spoken = /用[^用]{1,5}怎么说/.exec(text);
  if (spoken) add(0, spoken.index, 4.5);
  return out;
}

function skip(text: string, at: number): number {
  const more = /^(?:是|为|叫|写|[:：])/.exec(text.slice(at));
  return at + (more ? more[0].length : 0);
}
