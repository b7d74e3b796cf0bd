/** What a parameter wants of a Chinese text, by its name and description in either language. */
import { hanMeanings, meanings } from '../text/lexicon.ts';
import { foldSameLength } from '../text/text.ts';
import { hanOf } from './han-words.ts';
import type { Parameter } from './parameters.ts';
import { type Dimension, type Unit, unitOf } from './units.ts';

export type HanKind =
  | 'origin'
  | 'destination'
  | 'via'
  | 'place'
  | 'person'
  | 'maker'
  | 'title'
  | 'content'
  | 'reason'
  | 'phone'
  | 'code'
  | 'email'
  | 'url'
  | 'date'
  | 'time'
  | 'moment'
  | 'currency'
  | 'language'
  | 'unit'
  | 'thing';

export interface HanWant {
  kind: HanKind;
  /** Words that name the parameter in a Chinese text, two characters or more. */
  words: readonly string[];
  /** Characters of the name and description that count: 杯, 张, 档 … */
  characters: string;
  meanings: ReadonlySet<string>;
  dimension?: Dimension;
  unit?: Unit;
  isCount: boolean;
  isChange: boolean;
  bound?: 'least' | 'most';
  /** Which of a pair: from or to. */
  side?: 'from' | 'to';
}

const KINDS: [HanKind, RegExp, RegExp][] = [
  ['email', /邮箱|电子邮件|邮件地址/, /^(?:e_?mail|mail)$/],
  ['url', /网址|链接/, /^(?:url|uri|link|website)$/],
  ['phone', /电话|手机号?|号码|联系方式/, /^(?:phone|mobile|tel|telephone)$/],
  ['currency', /货币|币种/, /^currency$/],
  ['unit', /单位/, /^units?$/],
  ['language', /语言|语种/, /^(?:language|lang)$/],
  ['reason', /原因|理由|事由|缘由/, /^reason$/],
  ['via', /途经|途径点|经停|经过|中途/, /^(?:via|waypoint|stopover|waypoints)$/],
  ['origin', /出发|起点|始发|上车|起始地|启程|发货地/, /^(?:from|origin|source|departure|pickup|start)$/],
  [
    'destination',
    /目的地|到达|终点|抵达|送达|下车|收货地|送货|配送地/,
    /^(?:to|destination|dest|arrival|dropoff|deliver|target)$/,
  ],
  ['date', /日期|哪天|生日|日子/, /^(?:date|day|birthday|check_?in|check_?out|checkin|checkout|deadline)$/],
  ['time', /时间|时刻|几点/, /^(?:time|datetime|hour|clock)$/],
  ['code', /编号|单号|订单号|代码|号$|卡号|账号|工号|车牌/, /^(?:id|code|number|no|sku|order_?id)$/],
  ['maker', /歌手|演唱|作者|导演|演员|艺术家|品牌/, /^(?:artist|singer|author|composer|director|brand|actor)$/],
  [
    'person',
    /姓名|联系人|收款人|收件人|接收人|参会|参与人|技师|医生|老师|人名|对象|嘉宾|发型师|经办人|接收者|客户/,
    /^(?:contact|person|recipient|attendees?|stylist|participants?|receiver|payee|doctor|guests?|employee|name)$/,
  ],
  [
    'place',
    /城市|地点|地址|位置|地区|国家|区域|地名|景点|车站|站点|机场/,
    /^(?:city|location|place|address|country|area|region|where|station|airport|town|venue)$/,
  ],
  [
    'content',
    /内容|文本|正文|问题|搜索词|查询词|关键词|关键字|备注|提醒事项|事项|留言|消息|短信|文字|描述|说明|句子|待办/,
    /^(?:content|text|query|message|body|question|keywords?|note|notes|remark|description|comment|prompt|task|todo|sentence|q)$/,
  ],
  [
    'title',
    /歌名|歌曲|片名|书名|标题|曲名|剧名|电影名|主题|名称/,
    /^(?:song|title|movie|book|film|track|album|show|label)$/,
  ],
];

const wants = new WeakMap<Parameter, HanWant>();

export function wantOf(parameter: Parameter): HanWant {
  let want = wants.get(parameter);
  if (!want) {
    want = readWant(parameter);
    wants.set(parameter, want);
  }
  return want;
}

function readWant(parameter: Parameter): HanWant {
  const { names } = parameter;
  const name = names.join('');
  const description = foldSameLength(parameter.description.slice(0, 200));
  const all = `${name} ${description}`;
  const kind = kindOf(parameter, name, description);
  const own = new Set(names.flatMap((one) => [...meanings(one), ...hanMeanings(one).map((each) => each.meaning)]));
  for (const { meaning } of hanMeanings(description.slice(0, 40))) own.add(meaning);
  const dimension = parameter.dimension ?? dimensionOf(all);
  return {
    kind,
    words: wordsFor(parameter, description),
    characters: (all.match(/\p{Script=Han}/gu) ?? []).join(''),
    meanings: own,
    dimension,
    unit: parameter.unit ?? unitIn(all, dimension),
    isCount:
      parameter.type === 'integer' &&
      dimension === undefined &&
      (/数量|人数|个数|份数|杯数|张数|几|件数|数$|次数|晚数|房间数/.test(all) ||
        /^(?:quantity|count|number|people|guests|rooms|nights|num|tickets|amount|party|persons|servings|copies|adults|children)$/.test(
          names.at(-1) ?? '',
        )),
    isChange:
      /变化|增量|调整量|升降|幅度/.test(all) ||
      names.some((one) => /^(?:delta|change|step|offset|by|increment|adjustment)$/.test(one)),
    bound:
      /^(?:max|maximum|most|highest)$/.test(names[0] ?? '') || /最高|最大|上限|最多|以内/.test(all)
        ? 'most'
        : /^(?:min|minimum|least|lowest)$/.test(names[0] ?? '') || /最低|最小|下限|最少|起步/.test(all)
          ? 'least'
          : undefined,
    side:
      names.some((one) => /^(?:from|source|origin|src)$/.test(one)) || /源|^原|从/.test(all)
        ? 'from'
        : names.some((one) => /^(?:to|target|dest|destination)$/.test(one)) || /目标|目的/.test(all)
          ? 'to'
          : undefined,
  };
}

function kindOf({ names, schema, type, role }: Parameter, name: string, description: string): HanKind {
  if (schema.format === 'date') return 'date';
  if (schema.format === 'time') return 'time';
  if (schema.format === 'date-time') return 'moment';
  if (schema.format === 'email') return 'email';
  if (schema.format === 'uri') return 'url';
  const head = names.at(-1) ?? '';
  const forms = [head, head.replace(/s$/, ''), names.join('_')];
  const isEnglish = /^[a-z]/.test(name);
  // A name of its own decides; a general one leaves it to the description.
  for (const [kind, han, english] of KINDS) {
    if (
      isEnglish
        ? forms.some((form) => english.test(form)) && !/^(?:name|number|to|from|label)$/.test(head)
        : han.test(name)
    )
      return kind;
  }
  for (const [kind, han] of KINDS)
    if (han.test(description) && !(kind === 'code' && /名称|名字/.test(description))) return kind;
  for (const [kind, , english] of KINDS) if (names.some((one) => english.test(one))) return kind;
  if (type !== 'string') return 'thing';
  if (
    role === 'place' ||
    role === 'person' ||
    role === 'date' ||
    role === 'time' ||
    role === 'language' ||
    role === 'currency'
  )
    return role;
  return 'thing';
}

function wordsFor(parameter: Parameter, description: string): string[] {
  const out = new Set<string>();
  const names = parameter.names.filter((one) => /\p{Script=Han}/u.test(one));
  for (const one of [...names, ...(description.match(/\p{Script=Han}{2,8}/gu) ?? []).slice(0, 4)]) {
    const core = one.replace(/(?:名称|姓名|名字|地点|列表|号码|数量|的|信息|是否|要|指定|所|需要)/g, '');
    for (const word of [one, core]) if (word.length > 1) out.add(word);
  }
  for (const name of parameter.names) for (const word of hanOf(name)) if (word.length > 1) out.add(word);
  return [...out];
}

const DIMENSIONS: [Dimension, RegExp][] = [
  ['temperature', /温度|气温|摄氏/],
  ['money', /金额|价格|预算|价钱|费用|元[)）]|总价|单价|本金|租金|工资|薪|账单|余额/],
  ['percent', /百分|比例|利率|折扣|percent|%/],
  ['time', /时长|分钟|小时|秒数|年限|期限|天数|晚数|duration|minutes|seconds|hours|nights|years|days/],
  ['length', /距离|里程|高度|长度|身高|半径|公里|英里|distance/],
  ['mass', /体重|重量|公斤/],
];

function dimensionOf(text: string): Dimension | undefined {
  return DIMENSIONS.find(([, pattern]) => pattern.test(text))?.[0];
}

function unitIn(text: string, dimension: Dimension | undefined): Unit | undefined {
  if (dimension === undefined || dimension === 'money' || dimension === 'percent') return undefined;
  for (const word of ['分钟', '小时', '秒', '年', '天', '晚', '公里', '英里', '厘米', '公斤', '斤', '米'])
    if (text.includes(word)) return unitOf(word);
  for (const word of text.match(/[a-z]{3,}/g) ?? []) {
    const unit = unitOf(word);
    if (unit?.dimension === dimension) return unit;
  }
  return undefined;
}
