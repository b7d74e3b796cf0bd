/** What the labels of an enum mean, where they name a feeling, a judgement, a rank, an act of speech or yes and no. */
import { fold, splitIdentifier } from '../text/text.ts';
import { EMOTIONS, type Emotion, emotionFrom, type FeelingProfile } from './emotion.ts';
import type { Feeling } from './feeling.ts';
import type { Sentiment } from './sentiment.ts';

const table = (lines: string) =>
  new Map(
    lines
      .trim()
      .split('\n')
      .flatMap((line) => {
        const [key = '', ...names] = line.trim().split(/\s+/);
        return names.map((name) => [name, key] as const);
      }),
  );

export type Stance = 'very_positive' | 'positive' | 'neutral' | 'negative' | 'very_negative' | 'mixed';
const STANCES = table(`
  very_positive very_positive strongly_positive very_satisfied extremely_positive very_good excellent 非常正面 非常满意 很满意 强烈正面 很好 非常好 very_happy
  positive positive pos good favorable favourable satisfied praise like promoter recommended supportive 正面 积极 正向 满意 好评 正 褒义 褒 利好 看好 支持 好 正面情感 积极情感
  neutral neutral neu objective none_of_them ok average passive 中性 中立 一般 中评 客观 无情感 无明显情感 普通 中性情感
  negative negative neg bad unfavorable unfavourable dissatisfied unsatisfied dislike detractor critical 负面 消极 负向 不满 不满意 差评 负 贬义 贬 利空 看空 反对 差 负面情感 消极情感
  very_negative very_negative strongly_negative very_dissatisfied extremely_negative very_bad terrible 非常负面 非常不满 非常不满意 很不满意 强烈负面 很差 非常差
  mixed mixed both ambivalent conflicted 混合 褒贬不一 复杂 好坏参半 有好有坏 喜忧参半
`) as Map<string, Stance>;

const MOODS = table(`
  joy joy happy happiness joyful delighted glad cheerful pleased amusement amused 快乐 开心 高兴 喜悦 愉快 喜 乐 欢乐 欣喜 愉悦 幸福
  excited excited excitement enthusiastic eager 兴奋 激动 期待
  love love loving affection admiration caring 喜爱 爱 喜欢 热爱 关爱
  gratitude gratitude grateful thankful 感激 感谢 感恩
  calm calm relaxed peaceful content serene 平静 放松 轻松 冷静 安宁 平和 淡定
  hope hope hopeful optimistic optimism relief relieved trust 希望 乐观 信任
  surprise surprise surprised astonished amazed shock shocked 惊讶 惊奇 吃惊 震惊 意外 惊 惊喜
  sadness sad sadness sorrow unhappy depressed grief down upset 悲伤 伤心 难过 悲 哀 沮丧 低落 忧伤 痛苦 抑郁
  disappointment disappointment disappointed regret 失望 遗憾 后悔
  lonely lonely loneliness 孤独 寂寞 孤单
  anger anger angry furious mad rage outrage 愤怒 生气 怒 气愤 恼怒
  annoyance annoyance annoyed frustration frustrated irritated irritation impatient 烦躁 烦恼 厌烦 不耐烦 恼火 烦 无奈
  fear fear afraid scared frightened terror 恐惧 害怕 惧 惊恐 恐
  anxiety anxiety anxious worried nervous stressed worry nervousness tense stress 焦虑 担心 紧张 不安 着急 担忧 压力
  disgust disgust disgusted contempt aversion 厌恶 恶心 反感 恶 嫌弃
  tired tired exhausted sleepy fatigue fatigued drowsy weary 疲惫 疲劳 疲倦 累 困 困倦 劳累
  bored bored boredom 无聊 乏味
  confused confused confusion puzzled 困惑 迷茫 疑惑
  shame shame guilt embarrassed embarrassment ashamed guilty remorse 羞愧 内疚 尴尬 惭愧
  discomfort discomfort uncomfortable sick pain 不适 难受 不舒服
`) as Map<string, Feeling>;
const NEUTRAL_MOODS = new Set(
  'neutral none no_emotion other unknown normal unclear 中性 平淡 无 其他 其它 无情绪 正常 未知 没有'.split(' '),
);

const nameOf = (label: string) => {
  const plain = fold(label.replace(/\p{Extended_Pictographic}/gu, '').trim());
  return /\p{Script=Han}/u.test(plain) ? plain.replace(/(?:情绪|情感|的|类)$/, '') : splitIdentifier(label).join('_');
};

function stanceOf(label: string): Stance | undefined {
  return STANCES.get(nameOf(label));
}

export function moodOf(label: string): Feeling | 'neutral' | undefined {
  const name = nameOf(label);
  return MOODS.get(name) ?? (NEUTRAL_MOODS.has(name) ? 'neutral' : undefined);
}

/** Feelings close to one another, the closest first: where the labels lack one, another stands for it. */
const NEAR: Record<Feeling, Feeling[]> = {
  joy: ['excited', 'love', 'gratitude', 'hope', 'calm'],
  excited: ['joy', 'hope', 'surprise', 'love'],
  love: ['joy', 'gratitude', 'excited', 'calm'],
  gratitude: ['joy', 'love', 'calm', 'hope'],
  calm: ['joy', 'hope'],
  hope: ['joy', 'excited', 'calm'],
  surprise: ['excited', 'fear', 'confused'],
  sadness: ['disappointment', 'lonely', 'anxiety', 'tired'],
  disappointment: ['sadness', 'annoyance', 'anger'],
  lonely: ['sadness', 'anxiety'],
  anger: ['annoyance', 'disgust'],
  annoyance: ['anger', 'disappointment', 'anxiety'],
  fear: ['anxiety', 'surprise'],
  anxiety: ['fear', 'sadness', 'annoyance'],
  disgust: ['annoyance', 'anger'],
  tired: ['bored', 'discomfort', 'sadness'],
  bored: ['tired', 'sadness', 'annoyance'],
  confused: ['surprise', 'anxiety'],
  shame: ['sadness', 'anxiety'],
  discomfort: ['tired', 'sadness', 'annoyance', 'anxiety'],
};

export interface Scored {
  index: number;
  /** 0 to 1. */
  score: number;
}

/** Labels that name moods, by how well they fit; undefined where fewer than two do. */
export function rankMoods(labels: readonly string[], profile: FeelingProfile): Scored[] | undefined {
  const moods = labels.map(moodOf);
  if (moods.filter((mood) => mood !== undefined && mood !== 'neutral').length < 2) return undefined;
  const at = new Map<string, number>();
  moods.forEach((mood, index) => {
    if (mood !== undefined && !at.has(mood)) at.set(mood, index);
  });
  const scores = labels.map(() => 0);
  let lost = 0;
  for (const [feeling, weight] of Object.entries(profile) as [Feeling, number][]) {
    const label = [feeling, ...NEAR[feeling]].find((one) => at.has(one));
    if (label === undefined) lost += weight;
    else scores[at.get(label)!]! += weight * (label === feeling ? 1 : 0.8);
  }
  const neutral = at.get('neutral') ?? (isAnyMood(profile) ? undefined : at.get('calm'));
  if (neutral !== undefined) scores[neutral]! += 0.8 + lost * 0.3;
  return asScored(scores);
}

function isAnyMood(profile: FeelingProfile): boolean {
  return emotionFrom(profile).emotion !== 'neutral';
}

/** Labels that name judgements, by how well they fit; undefined where fewer than two do. */
export function rankStances(labels: readonly string[], sentiment: Sentiment): Scored[] | undefined {
  const stances = labels.map(stanceOf);
  const found = stances.filter((one) => one !== undefined && one !== 'neutral' && one !== 'mixed');
  if (found.length === 0 || stances.filter((one) => one !== undefined).length < 2) return undefined;
  const has = (one: Stance) => stances.includes(one);
  const place: Record<Stance, number> = {
    very_negative: -0.85,
    negative: has('very_negative') ? -0.45 : -0.6,
    neutral: 0,
    mixed: 0,
    positive: has('very_positive') ? 0.45 : 0.6,
    very_positive: 0.85,
  };
  const wanted: Stance = sentiment.mixed && has('mixed') ? 'mixed' : sentiment.polarity;
  const scores = stances.map((one) => {
    if (one === undefined) return 0;
    const fits = one === wanted || (one.endsWith(sentiment.polarity) && wanted !== 'mixed');
    // Without a neutral label the sign decides, however weak it is.
    const sign = wanted === 'neutral' && !has('neutral') && sentiment.score * place[one] > 0;
    return fits || sign
      ? 1.2 - Math.abs(sentiment.score - place[one])
      : wanted === 'neutral' && one === 'mixed' && sentiment.mixed
        ? 0.6
        : 0;
  });
  const isSilent = sentiment.good + sentiment.bad === 0;
  return asScored(isSilent ? stances.map((one) => (one === 'neutral' ? 0.5 : 0)) : scores);
}

function asScored(scores: readonly number[]): Scored[] {
  const total = scores.reduce((sum, one) => sum + one, 0);
  return scores
    .map((score, index) => ({ index, score: total > 0 ? score / total : 0 }))
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score);
}

const YES = /^(?:yes|y|true|1|是|是的|有|对|需要|会)$/i;
const NO = /^(?:no|n|false|0|否|不|不是|没有|无|不需要|不会)$/i;
export function truthOf(label: string): boolean | undefined {
  return YES.test(label.trim()) ? true : NO.test(label.trim()) ? false : undefined;
}

const RANKS = table(`
  5 critical blocker emergency severe very_high urgent p0 紧急 严重 非常高 特急 危急 非常紧急 致命
  4 high major important p1 高 重要 较高 较严重 强
  3 medium moderate normal mid p2 standard average 中 中等 一般 普通 正常
  2 low minor weak p3 低 较低 轻微 不紧急 弱 轻
  1 none trivial very_low p4 无 非常低 极低 不严重
`);
const RANK_NAMES = /^(?:[1-5])$/;

/** The place of a label from 1 (lowest) to 5 (highest) on a scale of weight; undefined where it names none. */
export function rankOf(label: string): number | undefined {
  const found = RANKS.get(nameOf(label));
  return found !== undefined ? Number(found) : RANK_NAMES.test(label) ? Number(label) : undefined;
}

export type Act =
  | 'question'
  | 'complaint'
  | 'praise'
  | 'suggestion'
  | 'request'
  | 'thanks'
  | 'greeting'
  | 'statement'
  | 'cancel';
const ACTS = table(`
  question question inquiry enquiry query information ask 咨询 询问 提问 问题咨询 疑问 查询 问询
  complaint complaint complain grievance problem_report issue 投诉 抱怨 吐槽 投诉反馈 不满反馈
  praise praise compliment appreciation positive_feedback 表扬 赞扬 好评 夸奖 称赞 赞美
  suggestion suggestion feature_request advice proposal idea improvement 建议 意见 提议 改进建议 功能建议
  request request command instruction help support action 请求 求助 需求 诉求 指令 帮助 办理
  thanks thanks thank gratitude 感谢 致谢
  greeting greeting hello smalltalk chitchat 问候 打招呼 闲聊 寒暄
  statement statement comment feedback opinion other 陈述 评论 反馈 其他 其它
`) as Map<string, Act>;
export function actOf(label: string): Act | undefined {
  return ACTS.get(nameOf(label));
}

const ASK_SIGNS =
  /[?？]|^(?:how|what|when|where|which|who|why|can|could|do|does|is|are|will|would)\b|请问|怎么|如何|多少|什么时候|能否|是否|吗(?:[。！!?？\s]|$)|呢[?？]/i;
const WISH_SIGNS =
  /\b(?:suggest|suggestion|it would be (?:nice|great|good|better|helpful)|would love to see|please (?:add|consider)|you should|should (?:add|offer|have|be)|could you add|wish (?:you|there|it))\b|建议|希望能?(?:增加|改|加|多|有|可以)|要是能|如果能|最好能|能不能加|不妨/i;
const ORDER_SIGNS =
  /\b(?:please|need|want|help me|i'd like|would like|can you|could you|cancel|send me|give me|refund)\b|请(?!问)|帮我|帮忙|麻烦|我要|我想|需要|给我|申请|办理/i;
const GREET_SIGNS =
  /^\s*(?:hi|hello|hey|good (?:morning|afternoon|evening)|你好|您好|嗨|早上好|在吗|哈喽)[\s,，.!！。~]*$/i;
const THANK_SIGNS = /\bthank|\bthanks|appreciate|感谢|谢谢|多谢/i;

/** Labels that name acts of speech, by what the text does; undefined where fewer than two do. */
export function rankActs(labels: readonly string[], text: string, sentiment: Sentiment): Scored[] | undefined {
  const acts = labels.map(actOf);
  if (new Set(acts.filter((act) => act !== undefined)).size < 2) return undefined;
  const short = text.slice(0, 4_000);
  const weights: Record<Act, number> = {
    question: ASK_SIGNS.test(short) ? 1.2 - Math.min(0.8, sentiment.bad * 0.2) : 0,
    complaint: sentiment.score < -0.2 ? 0.6 + Math.min(1.2, sentiment.bad * 0.25) : 0,
    praise: sentiment.score > 0.2 ? 0.6 + Math.min(1.2, sentiment.good * 0.25) : 0,
    suggestion: WISH_SIGNS.test(short) ? 1.6 : 0,
    request: ORDER_SIGNS.test(short) ? 0.8 : 0,
    thanks: THANK_SIGNS.test(short) ? 0.9 : 0,
    greeting: GREET_SIGNS.test(short) ? 2 : 0,
    statement: 0.25,
    cancel: 0,
  };
  return asScored(acts.map((act) => (act === undefined ? 0 : weights[act])));
}

const URGENT =
  /\b(?:urgent|urgently|asap|immediately|right now|emergency|critical|at once|as soon as possible|deadline|today|outage|down for everyone|production|all (?:our )?(?:users|customers)|cannot work|nobody can|no one can|(?:is|are|went) down|can't work|unable to work|data loss|safety|fire|smoke|injur(?:y|ed)|stolen|hacked|bleeding)\b|紧急|十万火急|马上|立刻|立即|尽快|赶紧|火速|今天必须|急用|急需|着急|事故|起火|冒烟|受伤|漏电|瘫痪|无法使用|全部.{0,4}(?:挂|崩)|被盗/gi;
const CALM =
  /\b(?:no rush|no hurry|whenever|not urgent|minor|cosmetic|typo|nice to have|when you have time|small|someday)\b|不急|不着急|有空|慢慢来|小问题|顺便|无关紧要/gi;

/** How much haste and harm the text speaks of, 1 (none) to 5. */
export function weightOf(text: string, sentiment: Sentiment): number {
  const short = text.slice(0, 20_000);
  const urgent = short.match(URGENT)?.length ?? 0;
  const calm = short.match(CALM)?.length ?? 0;
  const harm = Math.max(0, -sentiment.score) * Math.min(1.5, sentiment.bad / 4);
  return Math.max(1, Math.min(5, 2.4 + Math.min(2.4, urgent * 1.2) - calm * 1.2 + harm));
}

export { EMOTIONS, type Emotion };
