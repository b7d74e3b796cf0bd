/** Text of a form of its own: addresses, codes, dates and times as `format` or a field's name asks for them. */
import { splitIdentifier } from '../text/text.ts';
import { today } from '../values/moments.ts';
import { type Field, isAbout, isMoment } from './field.ts';
import { type Found, isFree, type Reading } from './text.ts';

const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}/;
const URL_TEXT = /https?:\/\/[^\s"'<>，。）)]{1,2000}/;
const PHONE = /(?<![\d.])(?:\+\d{1,3}[- ]?)?(?:1[3-9]\d{9}|\(?\d{3,4}\)?[- ]\d{3,4}[- ]?\d{3,4})(?!\d)/;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
const IPV4 = /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])/;
const CODE = /(?<![A-Za-z0-9])(?=[A-Za-z-]*\d)[A-Za-z0-9][A-Za-z0-9-]{2,40}(?![A-Za-z0-9])/;

function first(pattern: RegExp, reading: Reading): Found | undefined {
  const match = pattern.exec(reading.text);
  if (!match) return undefined;
  const found = { value: match[0], start: match.index, end: match.index + match[0].length };
  return isFree(reading, found) ? found : undefined;
}

/** The offset of a zone at a wall-clock time, as RFC 3339 writes it. */
function zoneOffset(utc_ms: number, timeZone: string | undefined): string {
  if (timeZone === undefined || timeZone === 'UTC') return 'Z';
  try {
    const name = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
      .formatToParts(utc_ms)
      .find((part) => part.type === 'timeZoneName')?.value;
    return /[+-]\d\d:\d\d/.exec(name ?? '')?.[0] ?? 'Z';
  } catch {
    return 'Z';
  }
}

export function readDateTime(reading: Reading, whole: boolean): Found | undefined {
  const date = reading.dates.find((span) => isFree(reading, span));
  const time = reading.times.find((span) => isFree(reading, span));
  if (!time && !(date && whole)) return undefined;
  const now = today(reading.now_ms, reading.timeZone);
  const day =
    date?.value ??
    `${String(now.year).padStart(4, '0')}-${String(now.month).padStart(2, '0')}-${String(now.day).padStart(2, '0')}`;
  const clock = time ? (time.value.length === 5 ? `${time.value}:00` : time.value) : '00:00:00';
  const offset = zoneOffset(Date.parse(`${day}T${clock}Z`), reading.timeZone);
  const spans = [date, time].filter((span) => span !== undefined);
  return {
    value: `${day}T${clock}${offset}`,
    start: Math.min(...spans.map((span) => span.start)),
    end: Math.max(...spans.map((span) => span.end)),
  };
}

export function readFormat(format: string, reading: Reading): Found | undefined {
  const patterns: Record<string, RegExp> = {
    email: EMAIL,
    'idn-email': EMAIL,
    uri: URL_TEXT,
    url: URL_TEXT,
    iri: URL_TEXT,
    uuid: UUID,
    ipv4: IPV4,
  };
  if (patterns[format]) return first(patterns[format], reading);
  if (format === 'date') return reading.dates.find((span) => isFree(reading, span));
  if (format === 'time') {
    const time = reading.times.find((span) => isFree(reading, span));
    return time && { ...time, value: `${time.value.length === 5 ? `${time.value}:00` : time.value}Z` };
  }
  if (format === 'date-time') return readDateTime(reading, false);
  if (format === 'duration') {
    const duration = reading.durations.find((span) => isFree(reading, span));
    return duration && { ...duration, value: `PT${Math.round(duration.value)}S` };
  }
  return undefined;
}

/** Dates, times, addresses and codes that the field's name asks for. `null` value: asked for, but not in the text. */
export function readKind(field: Field, reading: Reading): Found | undefined {
  if (isAbout(field, 'email', 'mail')) return first(EMAIL, reading);
  if (isAbout(field, 'url', 'uri', 'link', 'website')) return first(URL_TEXT, reading);
  if (isAbout(field, 'phone', 'mobile', 'tel', '手机', '电话')) return first(PHONE, reading);
  const free = <T extends { start: number; end: number }>(spans: readonly T[]) =>
    spans.find((span) => isFree(reading, span));
  if (isMoment(field)) {
    const dated = isAbout(field, 'date', 'day', '日期');
    if (isAbout(field, 'duration')) return undefined;
    if (dated && !isAbout(field, 'time', 'datetime')) return free(reading.dates);
    const time = free(reading.times);
    const date = field.siblings.some((name) =>
      splitIdentifier(name).some((part) => part === 'date' || part === 'day' || part === '日期'),
    )
      ? undefined
      : free(reading.dates);
    if (time && date)
      return {
        value: `${date.value} ${time.value}`,
        start: Math.min(date.start, time.start),
        end: Math.max(date.end, time.end),
      };
    return time ?? date;
  }
  if (isAbout(field, 'code', 'id', 'number', 'no', '编号', '单号', '号码'))
    return first(CODE, reading) ?? first(/\d+/, reading);
  return undefined;
}
