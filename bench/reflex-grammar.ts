/**
 * Utterances of an invented assistant, made from a grammar, in English and Chinese. They are synthetic: what real people say is more varied.
 * The test uses values that training never shows, a sixth of it phrasings that training never shows either, and some utterances that belong to no intent.
 */
import type { Example } from '../src/reflex/index.ts';

type Language = 'en' | 'zh';

interface Rule {
  intent: string;
  /** `{slot}` stands for a value. The last phrasing is kept for the test. */
  en: string[];
  zh: string[];
}

const VALUES: Record<string, Record<Language, string[]>> = {
  room: {
    en: ['attic', 'garage', 'nursery', 'cellar', 'porch', 'pantry', 'library', 'greenhouse', 'workshop'],
    zh: ['阁楼', '车库', '婴儿房', '地窖', '门廊', '储藏室', '图书角', '花房', '工作间'],
  },
  hour: {
    en: ['six', 'half past four', 'noon', '9 pm', 'a quarter to two', 'midnight', '7:20', 'eleven', '3 am'],
    zh: ['六点', '四点半', '中午', '晚上九点', '一点三刻', '半夜', '7点20', '十一点', '凌晨三点'],
  },
  person: {
    en: ['Odile', 'Bram', 'aunt Petra', 'the plumber', 'Ravi', 'my landlord', 'Sunniva', 'coach Dima', 'Imre'],
    zh: ['阿杰', '李师傅', '姑妈', '房东', '小雅', '陈教练', '表哥', '老周', '物业'],
  },
  goods: {
    en: ['oat flakes', 'batteries', 'lemons', 'dish soap', 'candles', 'rye bread', 'tape', 'pears', 'matches'],
    zh: ['燕麦片', '电池', '柠檬', '洗洁精', '蜡烛', '黑麦面包', '胶带', '梨', '火柴'],
  },
  degrees: {
    en: ['19 degrees', 'twenty two', '17', 'twenty degrees', '24', 'eighteen', '21 degrees', 'twenty five', '16'],
    zh: ['19度', '二十二度', '17度', '二十度', '24度', '十八度', '21度', '二十五度', '16度'],
  },
  place: {
    en: [
      'the harbour',
      'Elm Street',
      'the clinic',
      'the old mill',
      'platform nine',
      'the museum',
      'Kiel',
      'the stadium',
      'the bakery',
    ],
    zh: ['港口', '榆树街', '诊所', '老磨坊', '九号站台', '博物馆', '基尔', '体育场', '面包店'],
  },
};

const RULES: Rule[] = [
  {
    intent: 'heat_set',
    en: [
      'set the {room} to {degrees}',
      'make it {degrees} in the {room}',
      'warm the {room} up to {degrees}',
      'heating in the {room} at {degrees}',
      'I want {degrees} in the {room}',
      'bring the {room} to {degrees}',
    ],
    zh: [
      '把{room}调到{degrees}',
      '{room}的温度设成{degrees}',
      '{room}暖到{degrees}',
      '{room}暖气开到{degrees}',
      '我想让{room}有{degrees}',
      '{room}温度要{degrees}',
    ],
  },
  {
    intent: 'heat_ask',
    en: [
      'how warm is the {room}',
      'what is the temperature in the {room}',
      'is it cold in the {room}',
      'tell me how warm the {room} is',
      'temperature of the {room}',
      'check how cold the {room} has become',
    ],
    zh: [
      '{room}现在多少度',
      '{room}的温度是多少',
      '{room}冷不冷',
      '告诉我{room}有多热',
      '看看{room}温度',
      '查一下{room}几度',
    ],
  },
  {
    intent: 'blind_open',
    en: [
      'open the blinds in the {room}',
      'pull up the {room} blinds',
      'let light into the {room}',
      'raise the blinds of the {room}',
      'blinds up in the {room}',
      'get the {room} blinds open',
    ],
    zh: [
      '打开{room}的百叶窗',
      '把{room}百叶窗拉起来',
      '让{room}亮一点，开百叶窗',
      '升起{room}的百叶窗',
      '{room}百叶窗往上',
      '{room}的百叶窗帮我开开',
    ],
  },
  {
    intent: 'blind_close',
    en: [
      'close the blinds in the {room}',
      'pull down the {room} blinds',
      'keep the sun out of the {room}',
      'lower the blinds of the {room}',
      'blinds down in the {room}',
      'get the {room} blinds shut',
    ],
    zh: [
      '关上{room}的百叶窗',
      '把{room}百叶窗放下来',
      '挡住{room}的太阳',
      '降下{room}的百叶窗',
      '{room}百叶窗往下',
      '{room}的百叶窗帮我关关',
    ],
  },
  {
    intent: 'list_add',
    en: [
      'put {goods} on the list',
      'add {goods} to my shopping',
      'we need {goods}',
      'we are out of {goods}',
      'note down {goods} for shopping',
      'remember to buy {goods}',
    ],
    zh: [
      '把{goods}加到清单',
      '购物单上写{goods}',
      '家里需要{goods}',
      '{goods}用完了',
      '记一下要买{goods}',
      '别忘了买{goods}',
    ],
  },
  {
    intent: 'list_drop',
    en: [
      'take {goods} off the list',
      'remove {goods} from my shopping',
      'we have enough {goods}',
      'no more {goods} needed',
      'strike {goods} from the list',
      'forget about the {goods}',
    ],
    zh: [
      '把{goods}从清单去掉',
      '购物单上划掉{goods}',
      '{goods}够了',
      '不用买{goods}了',
      '删掉{goods}',
      '{goods}不要了',
    ],
  },
  {
    intent: 'call_start',
    en: [
      'call {person}',
      'ring {person} for me',
      'I need to speak to {person}',
      'get {person} on the phone',
      'phone {person} please',
      'dial {person} now',
    ],
    zh: [
      '打电话给{person}',
      '给{person}拨个电话',
      '我要跟{person}说话',
      '帮我接通{person}',
      '呼叫{person}',
      '联系一下{person}',
    ],
  },
  {
    intent: 'message_send',
    en: [
      'write {person} that I am late',
      'text {person} I come later',
      'send {person} a message',
      'let {person} know by message',
      'drop {person} a line',
      'message {person} for me',
    ],
    zh: [
      '写给{person}说我晚到',
      '发短信给{person}',
      '给{person}发个消息',
      '用消息告诉{person}',
      '给{person}留言',
      '帮我给{person}发条信息',
    ],
  },
  {
    intent: 'wake_set',
    en: [
      'wake me at {hour}',
      'get me up at {hour}',
      'alarm for {hour}',
      'I have to be up by {hour}',
      'set the alarm to {hour}',
      'let me sleep until {hour}',
    ],
    zh: ['{hour}叫醒我', '{hour}喊我起来', '闹钟定在{hour}', '我{hour}得起床', '设{hour}的闹钟', '让我睡到{hour}'],
  },
  {
    intent: 'wake_drop',
    en: [
      'no alarm at {hour}',
      'cancel the {hour} alarm',
      'don’t wake me at {hour}',
      'switch the alarm for {hour} off',
      'delete my {hour} alarm',
      'I can sleep past {hour}',
    ],
    zh: [
      '{hour}的闹钟不要了',
      '取消{hour}闹钟',
      '{hour}别叫我',
      '关掉{hour}的闹钟',
      '删除{hour}闹钟',
      '{hour}不用起了',
    ],
  },
  {
    intent: 'route_find',
    en: [
      'how do I get to {place}',
      'take me to {place}',
      'the way to {place}',
      'directions to {place}',
      'guide me to {place}',
      'I want to go to {place}',
    ],
    zh: ['怎么去{place}', '带我去{place}', '去{place}的路', '导航到{place}', '领我到{place}', '我想去{place}'],
  },
  {
    intent: 'place_hours',
    en: [
      'when does {place} open',
      'is {place} open at {hour}',
      'opening hours of {place}',
      'until when is {place} open',
      'does {place} close before {hour}',
      'hours of {place} today',
    ],
    zh: [
      '{place}几点开门',
      '{place}{hour}开着吗',
      '{place}的营业时间',
      '{place}开到几点',
      '{place}{hour}前关门吗',
      '今天{place}的时间',
    ],
  },
];

/** What nobody taught it; the second half only ever stands in the test. */
const STRANGE: Record<Language, string[]> = {
  en: [
    'who painted this ceiling',
    'my knee hurts when I bend it',
    'translate moss into Danish',
    'how many legs has a crab',
    'sing something silly',
    'what is nine times forty',
    'why is granite grey',
    'rate my haircut',
  ],
  zh: [
    '天花板是谁画的',
    '我弯腿的时候膝盖疼',
    '苔藓用丹麦语怎么说',
    '螃蟹有几条腿',
    '唱点好笑的',
    '九乘四十等于几',
    '花岗岩为什么是灰的',
    '给我的发型打分',
  ],
};
const AROUND: Record<Language, [string, string][]> = {
  en: [
    ['', ''],
    ['please ', ''],
    ['', ' please'],
    ['well ', ''],
    ['could you ', ''],
  ],
  zh: [
    ['', ''],
    ['请', ''],
    ['', '吧'],
    ['那个', ''],
    ['麻烦', '一下'],
  ],
};

/** Values of a slot. */
const ROUNDS = 9;

function fill(template: string, choose: (slot: string) => string): Example {
  let text = '';
  let from = 0;
  const slots: NonNullable<Example['slots']> = [];
  for (const found of template.matchAll(/\{(\w+)\}/g)) {
    text += template.slice(from, found.index);
    const value = choose(found[1]!);
    slots.push({ name: found[1]!, value, start: text.length, end: text.length + value.length });
    text += value;
    from = found.index + found[0].length;
  }
  return { text: text + template.slice(from), intent: '', slots };
}

function wrapped(example: Example, [before, after]: [string, string]): Example {
  const shift = before.length;
  return {
    ...example,
    text: before + example.text + after,
    slots: example.slots!.map((slot) => ({ ...slot, start: slot.start + shift, end: slot.end + shift })),
  };
}

/** The last phrasing of an intent and every third value are for the test alone; the test also has the other phrasings, with its values. Deterministic. */
export function assistantExamples(language: Language): { train: Example[]; test: Example[] } {
  const out = { train: [] as Example[], test: [] as Example[] };
  for (const rule of RULES) {
    const phrasings = rule[language];
    phrasings.forEach((template, phrasing) => {
      for (let round = 0; round < ROUNDS; round++) {
        const part = round % 3 === 2 ? 'test' : 'train';
        if (part === 'train' && phrasing === phrasings.length - 1) continue;
        const example = fill(template, (slot) => VALUES[slot]![language][round]!);
        const around = AROUND[language][(phrasing + round) % AROUND[language].length]!;
        out[part].push({ ...wrapped(example, around), intent: rule.intent });
      }
    });
  }
  STRANGE[language].forEach((text, at) => {
    out[at < STRANGE[language].length / 2 ? 'train' : 'test'].push({ text, intent: 'oos', slots: [] });
  });
  return out;
}
