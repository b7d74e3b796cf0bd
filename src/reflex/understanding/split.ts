/**
 * Several commands in one utterance, cut into clauses that can each be read on its own: at connecting words and
 * stops where a new command begins, and between things that share a verb ("turn on the light and the fan").
 */
import { hasHan } from '../text/text.ts';
import { LIMITS, OUT_OF_SCOPE, type Prediction } from '../types.ts';

/** A clause of a text. */
export interface Clause {
  /** What to read: the clause's own words, behind words that it shares with the clause before. */
  text: string;
  /** Its own words' place in the whole text. UTF-16, `end` exclusive. */
  start: number;
  end: number;
  /** Where pieces of `text` stand in the whole, in order. */
  pieces: readonly Piece[];
}

interface Piece {
  /** Offset in the clause's text. */
  at: number;
  /** Offset in the whole text. */
  start: number;
  length: number;
}

/** What a trained model makes of a text. `best` is the likeliest intent, `oos` where there is none. */
export type Judge = (text: string) => { best: string; confidence: number };

const MOST_CLAUSES = 8;
/** Longer texts are no commands, and are left whole. */
const MOST_CHARS = 1_000;
const SURE = 0.5;

/**
 * The clauses of a text in order; one clause where nothing is to be split. Without a judge only plain cases are cut.
 * With one, a cut stands only where both sides are surely in scope, and things that share a verb are told apart from
 * things that belong together.
 */
export function splitUtterance(text: string, judge?: Judge): Clause[] {
  const whole = [wholeOf(text)];
  if (text.length > MOST_CHARS || text.trim() === '') return whole;
  const plain = hasHan(text) ? cutChinese(text) : cutEnglish(text);
  const shared = plain.flatMap((clause) => (hasHan(text) ? shareChinese(clause, judge) : shareEnglish(clause, judge)));
  const clauses = judge ? confirm(text, shared, judge) : shared;
  return clauses.length > 1 && clauses.length <= MOST_CLAUSES ? clauses : whole;
}

/** Every clause's own prediction, its slots at their places in the whole text. One prediction where nothing is to be split. */
export function understandAll(text: string, predict: (text: string) => Prediction): Prediction[] {
  const seen = new Map<string, Prediction>();
  const read = (part: string) => {
    let prediction = seen.get(part);
    if (!prediction) {
      prediction = predict(part);
      seen.set(part, prediction);
    }
    return prediction;
  };
  const judge: Judge = (part) => {
    const { intent, best, confidence } = read(part);
    return { best: intent === OUT_OF_SCOPE ? OUT_OF_SCOPE : best, confidence };
  };
  const clauses = splitUtterance(text.slice(0, LIMITS.exampleChars), judge);
  if (clauses.length === 1) return [read(text)];
  return clauses.map((clause) => placeSlots(clause, read(clause.text)));
}

/** A clause's prediction with its slots moved to their places in the whole text; a slot across two pieces is left out. */
export function placeSlots(clause: Clause, prediction: Prediction): Prediction {
  const slots = prediction.slots.flatMap((slot) => {
    const piece = clause.pieces.find((one) => one.at <= slot.start && slot.end <= one.at + one.length);
    if (!piece) return [];
    const shift = piece.start - piece.at;
    return [{ ...slot, start: slot.start + shift, end: slot.end + shift }];
  });
  return { ...prediction, slots };
}

function wholeOf(text: string): Clause {
  return clauseOf(text, 0, text.length);
}

function clauseOf(text: string, start: number, end: number): Clause {
  return { text: text.slice(start, end), start, end, pieces: [{ at: 0, start, length: end - start }] };
}

/** A clause behind words of another place of the text. */
function carry(
  text: string,
  lead: { start: number; end: number },
  start: number,
  end: number,
  tail?: { start: number; end: number },
): Clause {
  const gap = hasHan(text) ? '' : ' ';
  let out = '';
  const pieces: Piece[] = [];
  for (const part of [lead, { start, end }, tail]) {
    if (!part || part.end <= part.start) continue;
    if (out !== '') out += gap;
    pieces.push({ at: out.length, start: part.start, length: part.end - part.start });
    out += text.slice(part.start, part.end);
  }
  return { text: out, start, end, pieces };
}

// ---------------------------------------------------------------- English

const FILLERS_EN =
  "(?:um+|uh+|er+|hmm+|well|so|ok(?:ay)?|hey|please|kindly|also|just|now|oh|and|then|maybe|can you|could you|would you|will you|i want you to|i want to|i need to|let'?s)";
const VERBS_EN = `turn|switch|set|open|close|shut|play|stop|start|call|dial|ring|send|navigate|drive|take|go|find|show|tell|remind|book|reserve|order|add|remove|delete|make|create|increase|decrease|raise|lower|reduce|dim|brighten|mute|unmute|pause|resume|skip|text|message|email|search|look|get|give|put|lock|unlock|enable|disable|activate|deactivate|change|adjust|read|check|wake|cancel|schedule|buy|pay|fold|recline|warm|cool|heat|ask|let|calculate|compute|convert|translate|roll (?:up|down|the)|move|clear|launch|run|save|list|fetch|update|water|feed|clean|charge|record|share|post|what|what's|how|who|when|where|which|is there|do i|will it|i'?m|i am|i feel|i need|i want|i'd like`;
const STARTS_EN = new RegExp(`^(?:${FILLERS_EN}[,\\s]+)*(?:${VERBS_EN})(?![\\w'-])`, 'i');
const CUT_EN =
  /\s*(?:;+|\n+|[.!?]+(?=\s|$)|,(?!\d)\s*(?:and\s+then|and\s+also|and|then|also|plus|but)?(?=\s)|(?<![\w-])(?:and\s+then|and\s+also|after\s+that|and|then|plus|but\s+first)(?![\w-]))\s*/gi;
/** What follows is told to somebody: its commands are none to us. */
const QUOTES_EN =
  /\b(?:saying|says?|that says|tell \w+ (?:to|that)|remind me to|asking|write|message|text|note|reminder)\b/i;

function cutEnglish(text: string): Clause[] {
  const cuts: { end: number; start: number }[] = [];
  let from = 0;
  for (const match of text.matchAll(CUT_EN)) {
    const start = match.index + match[0].length;
    const left = text.slice(from, match.index);
    const right = text.slice(start);
    if (left.trim() === '' || right.trim() === '' || insideQuotes(text, match.index)) continue;
    const firm = /[;\n]|then|after/i.test(match[0]);
    if (!STARTS_EN.test(right) || !/[a-z]{2}/i.test(left)) continue;
    if (QUOTES_EN.test(left) && !firm) continue;
    cuts.push({ end: match.index, start });
    from = start;
  }
  return clausesAt(text, cuts, new RegExp(`^(?:${FILLERS_EN}(?=[,\\s])[,\\s]*)+`, 'i'), /[\s.,!?;]+$/);
}

function insideQuotes(text: string, at: number): boolean {
  const before = text.slice(0, at);
  if ((before.match(/"/g)?.length ?? 0) % 2 === 1 || before.lastIndexOf('“') > before.lastIndexOf('”')) return true;
  return before.lastIndexOf('「') > before.lastIndexOf('」') || before.lastIndexOf('《') > before.lastIndexOf('》');
}

function clausesAt(
  text: string,
  cuts: readonly { end: number; start: number }[],
  lead: RegExp,
  tail: RegExp,
): Clause[] {
  const out: Clause[] = [];
  let from = 0;
  for (const cut of [...cuts, { end: text.length, start: text.length }]) {
    let start = from;
    const own = text.slice(from, cut.end);
    if (cuts.length > 0) start += /^\s*/.exec(own)![0].length;
    const filler = cuts.length > 0 ? lead.exec(text.slice(start, cut.end)) : null;
    if (filler && filler[0].length < cut.end - start) start += filler[0].length;
    const end = cuts.length > 0 ? start + text.slice(start, cut.end).replace(tail, '').length : cut.end;
    if (end > start) out.push(clauseOf(text, start, end));
    from = cut.start;
  }
  return out;
}

/** "turn on the light and the fan", "turn the light and the fan off": verb, things, and what closes them. */
const SHARED_EN =
  /^((?:.*?\b)?(?:turn|switch|open|close|shut|start|stop|enable|disable|lock|unlock|mute|dim|activate|deactivate|play|call|order|add|buy|show|check)(?: (?:on|off|up|down|me))?) ((?:the|my|a|an|some|all) [\w' -]{1,40}?),? and ((?:the|my|a|an|some|all) [\w' -]{1,40}?)( (?:on|off|up|down))?$/i;

function shareEnglish(clause: Clause, judge: Judge | undefined): Clause[] {
  const match = SHARED_EN.exec(clause.text);
  if (!match) return [clause];
  const [, verb, first, second, particle] = match;
  // Two articles say two things; still a pair may be one thing to the model.
  const at = clause.start;
  const firstStart = at + verb!.length + 1;
  const secondStart = at + clause.text.length - (particle?.length ?? 0) - second!.length;
  const source = { text: clause.text, at };
  const tail = particle
    ? { start: at + clause.text.length - particle.length + 1, end: at + clause.text.length }
    : undefined;
  const lead = { start: at, end: at + verb!.length };
  const parts = [
    carryIn(source, lead, firstStart, firstStart + first!.length, tail),
    carryIn(source, lead, secondStart, secondStart + second!.length, tail),
  ];
  return agree(clause, parts, judge);
}

function carryIn(
  source: { text: string; at: number },
  lead: { start: number; end: number },
  start: number,
  end: number,
  tail?: { start: number; end: number },
): Clause {
  const padded = ' '.repeat(source.at) + source.text;
  return carry(padded, lead, start, end, tail);
}

/** With a judge: only where it reads each part surely and not the same. */
function agree(clause: Clause, parts: Clause[], judge: Judge | undefined): Clause[] {
  if (!judge) return parts;
  const judged = parts.map((part) => judge(part.text));
  const sure = judged.every((one) => one.best !== OUT_OF_SCOPE && one.confidence >= SURE);
  const differ = new Set(judged.map((one) => one.best)).size > 1;
  return sure && differ ? parts : [clause];
}

// ---------------------------------------------------------------- Chinese

/** Verbs that begin a command of their own, or end one whose object stands before. */
const VERBS_ZH =
  '打开|关闭|关掉|关上|开启|启动|停止|暂停|播放|导航|调高|调低|调大|调小|调到|调成|设置|设为|设成|切换|切到|查一下|查询|告诉我|提醒我|打电话|发短信|发消息|放一首|放首|放点|来一首|来首|来点|播一首|锁上|解锁|升起|升高|降下|降低|增大|减小|取消|预订|预定|帮我订|搜索|搜一下|找一下|加热|返回|退出|收起|展开|折叠';
const LIGHT_ZH = '开|关|放|听|去|找|查|订|买|点|换|播';
const FILLERS_ZH =
  /^(?:嗯+|呃+|额+|那个|这个|就是|啊|哎|诶|欸|请|麻烦你?|帮我|给我|你|先|再|也|顺便|然后|还有|并且|同时|另外|接着|，|,|、|\s)+/;
const LINK_ZH =
  /(?:[，,。；;！!？?\n、]|\s)+(?:然后|接着|并且|同时|顺便|另外|还有|再|还要|还|并|也|之后|完了)?|然后|接着|并且|同时|顺便|另外|还有|之后再|完了再|以及|(?<=[^\s不要])再(?=(?:把|给|帮|打|关|开|放|播|导|调|来|设))|并(?=(?:把|打|关|开|放|播|导|调|设))/g;

const hasVerbZh = new RegExp(
  `${VERBS_ZH}|^(?:${FILLERS_ZH.source.slice(1)})?(?:${LIGHT_ZH})|(?:打开|关|开)(?:一下|吧|了)?$|太[冷热吵闷暗亮困累饿]|[冷热困累饿渴](?:死|了)`,
);

function cutChinese(text: string): Clause[] {
  const cuts: { end: number; start: number }[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK_ZH)) {
    const start = match.index + match[0].length;
    const left = text.slice(from, match.index);
    const right = text.slice(start);
    if (left.trim() === '' || right.trim() === '' || insideQuotes(text, match.index)) continue;
    const rightOwn = right.split(/[，,。；;！!？?\n]/)[0]!;
    if (!hasVerbZh.test(left.replace(FILLERS_ZH, '')) || !hasVerbZh.test(rightOwn.replace(FILLERS_ZH, ''))) continue;
    if (/说|告诉|提醒|内容是/.test(left) && !/[。；;]|然后/.test(match[0])) continue;
    cuts.push({ end: match.index, start });
    from = start;
  }
  const coarse = clausesAt(text, cuts, FILLERS_ZH, /[\s，,。；;！!？?、]+$/);
  return coarse.flatMap((clause) => cutRun(text, clause));
}

/** Where a verb follows what is a whole command already: 关空调打开后备箱. */
function cutRun(text: string, clause: Clause): Clause[] {
  const own = clause.text;
  const verbs = [...own.matchAll(new RegExp(`${VERBS_ZH}|(?<=^(?:请|帮我|把)?)(?:${LIGHT_ZH})`, 'g'))].map((match) => ({
    at: match.index,
    end: match.index + match[0].length,
  }));
  if (verbs.length < 2 || /说|告诉|提醒|内容/.test(own)) return [clause];
  const cuts: { start: number; end: number }[] = [];
  let from = 0;
  for (let index = 0; index + 1 < verbs.length; index++) {
    const verb = verbs[index]!;
    const next = verbs[index + 1]!;
    if (verb.at < from) continue;
    const lead = own.slice(from, verb.at).replace(FILLERS_ZH, '');
    const between = own.slice(verb.end, next.at);
    let cut = -1;
    if (lead === '') {
      // Verb and object, then a new verb; or 把 and the next object before its own verb.
      const marked = /^(.+?)(?:把|将|给)/.exec(between);
      if (marked) cut = verb.end + marked[1]!.length;
      else if (
        between.length >= 1 &&
        !/^(?:一下|的|了|我|你)?$/.test(between) &&
        !/^(?:到|成|为)/.test(own.slice(next.at + 1))
      )
        cut = next.at;
    } else {
      // Object and verb: what stands behind the verb, save its complement, is the next object.
      const complement =
        /^(?:一点儿?|一下|一些|一半|点儿?|[零一二两三四五六七八九十百\d.]+(?:度|%|格|档|点)?半?|百分之[零一二两三四五六七八九十百\d]+|最大|最小|最高|最低|吧|了|啊|呀)*/.exec(
          between,
        )![0];
      if (between.length > complement.length || complement.length === 0) cut = verb.end + complement.length;
    }
    if (cut > from && /\S/.test(own.slice(from, cut))) {
      cuts.push({ end: clause.start + cut, start: clause.start + cut });
      from = cut;
    }
  }
  if (cuts.length === 0) return [clause];
  return clausesAt(text.slice(0, clause.end), cuts, FILLERS_ZH, /[\s，,。；;！!？?、]+$/).map((one, index) => {
    if (index > 0) return one;
    const start = Math.max(one.start, clause.start);
    return clauseOf(text, start, one.end);
  });
}

const SHARED_ZH = new RegExp(`^(.*?(?:${VERBS_ZH}|开|关))(.{1,10}?)(?:和|跟|与|、|以及|还有)(.{1,10})$`);
const SHARED_BA_ZH = new RegExp(
  `^(.*?(?:把|将))(.{1,10}?)(?:和|跟|与|、|以及|还有)(.{1,10}?)((?:都|全)?(?:给我)?(?:${VERBS_ZH}).*)$`,
);

/** 打开空调和车窗: only a judge can tell two things from one pair, so without one nothing is cut. */
function shareChinese(clause: Clause, judge: Judge | undefined): Clause[] {
  if (!judge) return [clause];
  const before = SHARED_BA_ZH.exec(clause.text);
  const match = before ?? SHARED_ZH.exec(clause.text);
  if (!match) return [clause];
  const [whole, verb, first, second, tail = ''] = match;
  const at = clause.start;
  const lead = { start: at, end: at + verb!.length };
  const secondStart = at + whole.length - tail.length - second!.length;
  const end = tail ? { start: at + whole.length - tail.length, end: at + whole.length } : undefined;
  const source = { text: clause.text, at };
  return agree(
    clause,
    [
      carryIn(source, lead, lead.end, lead.end + first!.length, end),
      carryIn(source, lead, secondStart, secondStart + second!.length, end),
    ],
    judge,
  );
}

// ---------------------------------------------------------------- confirming

/** Joins what the judge does not surely read alone to its neighbour; neighbours that say the same stay apart only where both are whole. */
function confirm(text: string, clauses: readonly Clause[], judge: Judge): Clause[] {
  if (clauses.length < 2) return [...clauses];
  const out: Clause[] = [];
  for (const clause of clauses) {
    const last = out.at(-1);
    const own = judge(clause.text);
    const isSure = own.best !== OUT_OF_SCOPE && own.confidence >= SURE;
    if (last && !isSure) out[out.length - 1] = clauseOf(text, last.start, clause.end);
    else out.push(clause);
  }
  const [first, second] = out;
  if (first && second) {
    const own = judge(first.text);
    if (own.best === OUT_OF_SCOPE || own.confidence < SURE) out.splice(0, 2, clauseOf(text, first.start, second.end));
  }
  return out;
}
