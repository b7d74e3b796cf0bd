/** What a field, or a label in a text, is about, by its name. */
import { hasHan, splitIdentifier } from '../../text/text.ts';

export type Purpose =
  | 'email'
  | 'phone'
  | 'url'
  | 'datetime'
  | 'date'
  | 'time'
  | 'duration'
  | 'currency'
  | 'money'
  | 'percent'
  | 'code'
  | 'version'
  | 'plate'
  | 'ip'
  | 'hashtag'
  | 'language'
  | 'confidence'
  | 'sentiment'
  | 'emotion'
  | 'strength'
  | 'rating'
  | 'weight'
  | 'summary'
  | 'title'
  | 'keywords'
  | 'reason'
  | 'quote'
  | 'good'
  | 'bad'
  | 'wish'
  | 'question'
  | 'task'
  | 'reply'
  | 'address'
  | 'place'
  | 'organisation'
  | 'person'
  | 'job'
  | 'thing'
  | 'aspect';

const PURPOSES: [Purpose, RegExp, RegExp][] = [
  ['email', /\b(?:e ?mails?|mail)\b/, /邮箱|邮件地址|电邮/],
  ['phone', /\b(?:phones?|mobile|tel|telephone|cell|fax)\b/, /电话|手机|联系方式|传真/],
  ['url', /\b(?:urls?|links?|website|uri|homepage)\b/, /网址|链接|网站/],
  ['ip', /\bip\b/, /IP地址/],
  ['hashtag', /\bhashtags?\b/, /话题标签/],
  ['datetime', /\b(?:datetime|timestamp|date time)\b|\b(?:at|when)$/, /日期时间|时间戳/],
  ['duration', /\b(?:duration|length of stay|how long)\b/, /时长|多久/],
  [
    'date',
    /\b(?:dates?|day|birthday|dob|deadline|due|check ?in|check ?out|departure date|arrival date)\b/,
    /日期|生日|截止|哪天|交期/,
  ],
  ['time', /\b(?:time)\b/, /时间|时刻|几点/],
  ['language', /\b(?:lang|language|locale)\b/, /语言|语种/],
  ['confidence', /\b(?:confidence|certainty|probability|likelihood)\b/, /置信|把握|概率|可信度/],
  ['strength', /\b(?:intensity|strength|arousal)\b/, /强度|程度/],
  ['emotion', /\b(?:emotions?|mood|feelings?)\b/, /情绪|心情|感受/],
  ['sentiment', /\b(?:sentiment|polarity|valence|attitude|tone|stance|opinion)\b/, /情感|态度|倾向|极性|语气|立场/],
  ['weight', /\b(?:urgency|severity|priority|criticality|importance)\b/, /紧急|严重|优先级|重要性/],
  ['rating', /\b(?:rating|stars?|score|satisfaction|nps|csat)\b/, /评分|星级|打分|满意度|得分|分数/],
  [
    'summary',
    /\b(?:summary|tldr|abstract|synopsis|overview|gist|summari[sz]ation|description|brief)\b/,
    /摘要|总结|概括|概要|梗概|简介|描述/,
  ],
  ['title', /\b(?:title|headline|subject|heading|topic|theme)\b/, /标题|主题|话题/],
  [
    'keywords',
    /\b(?:key ?words?|key ?phrases?|tags?|topics|themes|terms|key points?|highlights?|concepts)\b/,
    /关键词|关键短语|标签|要点|关键字|主题词/,
  ],
  [
    'reason',
    /\b(?:reasons?|reasoning|rationale|explanation|why|because|cause|justification|analysis|thoughts?)\b/,
    /理由|原因|解释|依据|分析/,
  ],
  ['quote', /\b(?:quotes?|evidence|span|excerpt|snippet|sentence|text|mention)\b/, /原文|引用|证据|片段|原句|依据/],
  ['good', /\b(?:pros|positives?|strengths|likes?|advantages?|benefits)\b/, /优点|好处|亮点|优势/],
  [
    'bad',
    /\b(?:cons|negatives?|weaknesses|dislikes?|drawbacks?|disadvantages?|issues?|problems?|complaints?|pain points?|symptoms?|defects?)\b/,
    /缺点|问题|不足|投诉|痛点|故障|槽点/,
  ],
  [
    'wish',
    /\b(?:suggestions?|requests?|wishes|feedback|improvements?|recommendations?|demands?)\b/,
    /建议|诉求|需求|要求|改进/,
  ],
  ['question', /\b(?:questions?|queries|query)\b/, /疑问|提问|询问/],
  ['task', /\b(?:action items?|actions?|tasks?|to ?dos?|next steps?|follow ?ups?)\b/, /待办|行动项|任务|下一步/],
  ['reply', /\b(?:answer|reply|response)\b/, /回答|回复|答复/],
  ['job', /\b(?:job titles?|position|occupation|profession|job|role)\b/, /职位|职务|岗位|职业/],
  ['currency', /\bcurrency\b/, /币种|货币/],
  ['percent', /\b(?:percent|percentage|ratio|rate|share|growth|discount)\b/, /百分|比例|占比|增长率|折扣|涨幅|比率/],
  [
    'money',
    /\b(?:price|amount|total|subtotal|cost|fee|charge|salary|budget|revenue|balance|payment|sum|refund|value|tax|deposit|rent|income|spend|bill)\b/,
    /金额|价格|价钱|费用|总价|单价|总额|工资|薪|预算|营收|余额|押金|租金|税|退款额|花费|房价/,
  ],
  ['version', /\b(?:version|release|build)\b/, /版本/],
  ['plate', /\b(?:plate|license plate)\b/, /车牌/],
  [
    'code',
    /\b(?:id|code|no|number|num|ref|reference|identifier|sku|serial|tracking|isbn|pnr)$|\b(?:order|invoice|ticket|tracking|booking|confirmation|case|flight) (?:id|no|number|code|ref)\b/,
    /代码|编码|单号|编号|订单|航班号|序列号|型号|合同号|号码|工号|学号|证号|账号|卡号/,
  ],
  ['address', /\b(?:address|street)\b/, /地址|住址/],
  [
    'place',
    /\b(?:city|country|locations?|place|places|destination|origin|region|province|state|town|departure|arrival|from|to|venue|area|where)\b/,
    /城市|国家|地点|目的地|出发地|到达地|省份|地区|位置|哪里|地名/,
  ],
  [
    'organisation',
    /\b(?:company|companies|organi[sz]ations?|orgs?|employer|vendor|merchant|supplier|manufacturer|bank|school|university|institution|hospital|agency)\b/,
    /公司|单位|机构|企业|商家|学校|组织|银行|医院|厂家/,
  ],
  ['aspect', /\b(?:aspect|feature|attribute|entity|target)\b/, /方面|维度|特征|对象|属性/],
  [
    'thing',
    /\b(?:products?|items?|dish|dishes|goods|article|model|brand|device|service|book|movie|song|component|part|food|drink|ingredient|object|course|job|position|role)\b/,
    /商品|产品|菜品|物品|菜名|品名|品牌|设备|服务项目|药品|书名|电影|歌|职位|岗位|配料|食材|课程|物料/,
  ],
  [
    'person',
    /\b(?:names?|persons?|people|customer|client|authors?|sender|recipient|contact|employee|passenger|patient|buyer|seller|speaker|manager|ceo|founder|doctor|assignee|owner|user|guest|attendees?|participants?|who|candidate|agent|host|bill(?:ed)? to|ship(?:ped)? to|sold to|organi[sz]er|student|teacher)\b/,
    /姓名|人名|名字|联系人|客户|收件人|寄件人|作者|负责人|患者|乘客|员工|参会人|人物|顾客|用户|候选人|购买方|买方|谁/,
  ],
];

const cache = new Map<string, Purpose | undefined>();

/** The purpose that a name speaks of; where several do, the one that stands last says what the thing is ("order date" is a date). */
export function purposeOf(name: string): Purpose | undefined {
  if (cache.has(name)) return cache.get(name);
  const found = find(name);
  if (cache.size > 5_000) cache.clear();
  cache.set(name, found);
  return found;
}

function find(name: string): Purpose | undefined {
  const english = splitIdentifier(name.slice(0, 80)).join(' ');
  let best: { purpose: Purpose; end: number; length: number } | undefined;
  for (const [purpose, en, zh] of PURPOSES) {
    const match = hasHan(name) ? zh.exec(name) : en.exec(english);
    if (!match) continue;
    const end = match.index + match[0].length;
    const length = match[0].length;
    if (!best || end > best.end || (end === best.end && length > best.length)) best = { purpose, end, length };
  }
  return best?.purpose;
}
