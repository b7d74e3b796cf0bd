/** Labels that name a kind of thing with a form of its own, as taggers of names use them. */
import { splitIdentifier } from '../../text/text.ts';
import type { NamedKind } from './document.ts';

const KINDS: [NamedKind, RegExp][] = [
  ['person', /^(?:per|person|people|name|人物|人名|人|姓名)$/],
  ['organisation', /^(?:org|organi[sz]ation|company|institution|机构|组织|公司|组织机构|机构名)$/],
  ['place', /^(?:loc|location|gpe|place|city|country|地点|地名|位置|地方)$/],
  ['date', /^(?:date|日期)$/],
  ['time', /^(?:time|时间)$/],
  ['money', /^(?:money|amount|price|金额|价格|钱)$/],
  ['percent', /^(?:percent|percentage|百分比)$/],
  ['email', /^(?:email|邮箱)$/],
  ['phone', /^(?:phone|phone number|tel|电话|手机号?)$/],
  ['url', /^(?:url|link|网址|链接)$/],
  ['address', /^(?:address|地址)$/],
  ['code', /^(?:code|id|order|order number|编号|订单号)$/],
  ['version', /^(?:version|版本)$/],
];

export function kindOf(label: string): NamedKind | undefined {
  const name = splitIdentifier(label).join(' ');
  return KINDS.find(([, pattern]) => pattern.test(name))?.[0];
}
