/** Things with a form of their own in a text: addresses of all kinds, numbers of orders, sums of money, versions, names. */
import { type NumberValue, readNumbers } from '../values/numbers.ts';
import { addressesIn, organisationsIn, peopleIn, placesIn } from './names.ts';

export type EntityKind =
  | 'email'
  | 'url'
  | 'phone'
  | 'code'
  | 'version'
  | 'money'
  | 'percent'
  | 'ip'
  | 'uuid'
  | 'plate'
  | 'person'
  | 'organisation'
  | 'place'
  | 'address'
  | 'hashtag'
  | 'quoted';

export interface Mention {
  kind: EntityKind;
  value: string;
  start: number;
  end: number;
  /** 0 to 1. */
  confidence: number;
  /** Of money and percentages. */
  number?: number;
  /** ISO 4217, of money. */
  currency?: string;
}

const PATTERNS: Partial<Record<EntityKind, RegExp[]>> = {
  email: [/[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}/g],
  url: [
    /\bhttps?:\/\/[^\s"'<>，。；！？）)\]]{1,2000}|\bwww\.[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}(?:\/[^\s"'<>，。；）)\]]{0,500})?/g,
  ],
  phone: [
    /(?<![\d.\w-])(?:\+\d{1,3}[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)|(?<![\d.\w-])(?:\+\d{1,3}[- ]?)?\(?\d{2,4}\)?[- ]\d{3,4}[- ]?\d{3,4}(?![\d-])|(?<![\d.\w-])\+\d{8,14}(?!\d)|(?<![\d.\w-])400[- ]?\d{3,4}[- ]?\d{3,4}(?!\d)/g,
  ],
  uuid: [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi],
  ip: [/(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])/g],
  code: [
    /(?:\b(?:order|tracking|invoice|ticket|case|reference|ref|booking|confirmation|serial|parcel|claim|policy|contract|account|sku|model|part|flight|po|id)(?:\s+(?:number|no|code|id))?\s*[.:：#=]?\s*(?:is\s+)?#?\s*|(?:订单|运单|快递|发票|工单|单|编|序列|故障代码?|合同|保单|货|型|流水|物流|航班|账|卡)(?:编)?号(?:码)?\s*(?:是|为)?\s*[：:#]?\s*)((?=[A-Za-z-]{0,12}\d)[A-Za-z0-9][A-Za-z0-9_/-]{2,40})/gi,
    /(?<![\w@./#-])#?((?=[A-Z-]{0,12}\d)(?=[\w-]{0,30}[A-Z])[A-Z0-9][A-Z0-9]{0,20}(?:-[A-Z0-9]{1,20}){0,5})(?![\w@.])/g,
    /#(\d{3,20})\b/g,
    /\b([A-Z]{2}\s?\d{2,4})\b(?!\s*(?:%|km|kg|cm))/g,
  ],
  version: [
    /\b(?:v|version|release|ver\.?|build)\s*\.?(\d{1,5}(?:\.\d{1,6}){0,3}(?:-[a-z]+\.?\d*)?)\b|版本号?\s*(?:是|为)?[：:\s]*[vV]?(\d{1,5}(?:\.\d{1,6}){0,3})|(?<![\d.])(\d{1,4}\.\d{1,4}\.\d{1,6})(?![\d.])/gi,
  ],
  plate: [/[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·\s]?[A-Z0-9]{5,6}/g],
  hashtag: [/(?<![\w&])#[\p{L}_][\p{L}\p{N}_]{1,60}/gu],
  quoted: [/"([^"\n]{1,300})"|“([^”\n]{1,300})”|「([^」\n]{1,300})」|《([^》\n]{1,300})》|‘([^’\n]{1,300})’/g],
};

const CURRENCIES: [RegExp, string][] = [
  [/^(?:us\$|\$|usd|dollars?|bucks|美元|美金|刀)$/i, 'USD'],
  [/^(?:¥|￥|rmb|cny|yuan|元|块|块钱|圆|人民币|毛)$/i, 'CNY'],
  [/^(?:€|eur|euros?|欧元)$/i, 'EUR'],
  [/^(?:£|gbp|pounds?|quid|英镑)$/i, 'GBP'],
  [/^(?:hk\$|hkd|港币|港元)$/i, 'HKD'],
  [/^(?:jpy|yen|日元)$/i, 'JPY'],
  [/^(?:chf|francs?|瑞士法郎)$/i, 'CHF'],
  [/^(?:₩|krw|韩元)$/i, 'KRW'],
  [/^(?:₹|inr|rupees?|卢比)$/i, 'INR'],
  [/^(?:a\$|aud)$/i, 'AUD'],
  [/^(?:c\$|cad)$/i, 'CAD'],
];
const MONEY_BEFORE = /(us\$|hk\$|a\$|c\$|[$¥￥€£₩₹]|\b(?:usd|rmb|cny|eur|gbp|hkd|jpy|chf|aud|cad|inr)\b|人民币)\s?$/i;
const MONEY_BEHIND =
  /^\s?(美元|美金|人民币|欧元|英镑|港币|港元|日元|韩元|块钱|块|元|圆|(?:usd|rmb|cny|yuan|eur|euros?|gbp|pounds?|dollars?|bucks|hkd|jpy|yen|chf|francs?|aud|cad|inr|rupees?)\b|[€£])/i;

function currencyOf(sign: string): string | undefined {
  return CURRENCIES.find(([pattern]) => pattern.test(sign))?.[1];
}

/** Sums of money and percentages, with their numbers; `numbers` are those of the text. */
export function amountsIn(text: string, numbers: readonly NumberValue[] = readNumbers(text)): Mention[] {
  const out: Mention[] = [];
  for (const number of numbers) {
    if (number.percent) {
      out.push({
        kind: 'percent',
        value: text.slice(number.start, number.end),
        number: number.value,
        start: number.start,
        end: number.end,
        confidence: 0.9,
      });
      continue;
    }
    const before = MONEY_BEFORE.exec(text.slice(Math.max(0, number.start - 8), number.start));
    const scale = /^\s?(k|m|bn|million|billion|thousand)\b/i.exec(text.slice(number.end, number.end + 10));
    const scaledEnd = number.end + (scale?.[0].length ?? 0);
    const behind =
      MONEY_BEHIND.exec(text.slice(scaledEnd, scaledEnd + 12)) ??
      (/^(?:块|元)/.test(number.unit) ? [number.unit, number.unit.slice(0, 1)] : null);
    const currency = currencyOf(before?.[1] ?? behind?.[1] ?? '');
    if (!currency) continue;
    const by: Record<string, number> = { k: 1e3, thousand: 1e3, m: 1e6, million: 1e6, bn: 1e9, billion: 1e9 };
    const start =
      number.start - (before ? before[0].trimEnd().length + (before[0].length - before[0].trimEnd().length) : 0);
    const end = scaledEnd + (before ? 0 : (behind?.[0].length ?? 0));
    out.push({
      kind: 'money',
      value: text.slice(start, end),
      number: number.value * (scale ? by[scale[1]!.toLowerCase()]! : 1),
      currency,
      start,
      end,
      confidence: 0.9,
    });
  }
  return out;
}

/** Mentions of one kind in order, none within another. Time is linear in the text. */
export function mentionsOf(kind: EntityKind, text: string): Mention[] {
  return inOrder(allOf(kind, text));
}

function allOf(kind: EntityKind, text: string): Mention[] {
  if (kind === 'person') return peopleIn(text);
  if (kind === 'organisation') return organisationsIn(text);
  if (kind === 'place') return placesIn(text);
  if (kind === 'address') return addressesIn(text);
  if (kind === 'money' || kind === 'percent') return amountsIn(text).filter((one) => one.kind === kind);
  return (PATTERNS[kind] ?? []).flatMap((pattern, index) =>
    [...text.matchAll(pattern)].map((match) => {
      const raw = match.slice(1).find((group) => group !== undefined) ?? match[0];
      const value = kind === 'url' ? raw.replace(/[.,;:!?]+$/, '') : raw;
      const start = match.index + match[0].lastIndexOf(raw);
      return { kind, value, start, end: start + value.length, confidence: index === 0 ? 0.95 : 0.7 };
    }),
  );
}

/** The surest first where two stand in one place, then the longest. */
function inOrder(mentions: readonly Mention[]): Mention[] {
  const kept: Mention[] = [];
  for (const one of [...mentions].sort((a, b) => a.start - b.start || b.confidence - a.confidence || b.end - a.end)) {
    const last = kept.at(-1);
    if (!last || last.end <= one.start) kept.push(one);
    else if (
      one.confidence > last.confidence ||
      (one.confidence === last.confidence && one.end - one.start > last.end - last.start)
    )
      kept[kept.length - 1] = one;
  }
  return kept;
}
