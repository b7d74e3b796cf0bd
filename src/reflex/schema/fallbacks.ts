/** Values that fit a schema where the text says nothing. */
import { type Field, isAbout, isContent, readDateTime } from '../reading/index.ts';
import type { JsonObject } from '../types.ts';
import type { Ask } from './field-reader.ts';
import { samplePattern } from './pattern.ts';
import type { BuildContext } from './place.ts';
import { lengthOf, patternOf } from './validate.ts';

export function* numberFallbacks(type: 'number' | 'integer', schema: JsonObject): Generator<number> {
  const number = (key: string) => (typeof schema[key] === 'number' ? (schema[key] as number) : undefined);
  const low = Math.max(number('minimum') ?? -Infinity, number('exclusiveMinimum') ?? -Infinity);
  const high = Math.min(number('maximum') ?? Infinity, number('exclusiveMaximum') ?? Infinity);
  yield 0;
  const multiple = number('multipleOf');
  if (multiple && multiple > 0) {
    const start = Number.isFinite(low)
      ? Math.ceil(low / multiple)
      : Number.isFinite(high)
        ? Math.floor(high / multiple) - 2_000
        : 0;
    // An integer may need a common multiple of 1 and a fraction such as 0.3.
    for (let step = 0; step <= 2_000; step++) yield Number(((start + step) * multiple).toPrecision(15));
    return;
  }
  if (Number.isFinite(low)) yield* type === 'integer' ? [Math.ceil(low), Math.floor(low) + 1] : [low];
  if (Number.isFinite(high)) yield* type === 'integer' ? [Math.floor(high), Math.ceil(high) - 1] : [high];
  if (Number.isFinite(low) && Number.isFinite(high)) yield (low + high) / 2;
  if (Number.isFinite(low)) yield* [low + 1, low + Math.abs(low) * 1e-6 + 1e-9, low * 2 + 1];
  if (Number.isFinite(high)) yield* [high - 1, high - Math.abs(high) * 1e-6 - 1e-9, high * 2 - 1];
}

const FORMATS: Record<string, string[]> = {
  email: ['unknown@example.com'],
  'idn-email': ['unknown@example.com'],
  uri: ['about:blank', 'https://example.com/'],
  url: ['https://example.com/'],
  'uri-reference': ['#'],
  iri: ['about:blank'],
  uuid: ['00000000-0000-0000-0000-000000000000'],
  ipv4: ['0.0.0.0'],
  ipv6: ['::'],
  hostname: ['example.com'],
  date: ['1970-01-01'],
  time: ['00:00:00Z'],
  'date-time': ['1970-01-01T00:00:00Z'],
  duration: ['PT0S'],
  regex: ['.*'],
  'json-pointer': ['/a'],
};

export function* stringFallbacks(field: Field, schema: JsonObject, context: BuildContext): Generator<string> {
  const min = typeof schema.minLength === 'number' ? schema.minLength : 0;
  const max = typeof schema.maxLength === 'number' ? schema.maxLength : Infinity;
  const fit = (text: string) => fitLength(text, min, max);
  if (typeof schema.format === 'string' && FORMATS[schema.format]) {
    const moment = schema.format === 'date-time' ? readDateTime(context.reading, true) : undefined;
    if (moment) yield String(moment.value);
    yield* FORMATS[schema.format]!;
  }
  if (typeof schema.pattern === 'string') {
    const pattern = patternOf(schema.pattern, context.scope);
    for (const length of pattern ? [0, min, min + 1] : []) {
      const text = samplePattern(pattern!, Math.min(length, 10_000));
      if (text === undefined) continue;
      yield text;
      yield fit(text);
    }
  }
  const reason = context.reader?.reason(askFor(field));
  if (reason !== undefined) yield fit(reason);
  if (
    isAbout(
      field,
      'answer',
      'reply',
      'response',
      'explanation',
      'reasoning',
      'analysis',
      'thought',
      'thoughts',
      '回答',
      '回复',
      '解释',
      '理由',
    )
  )
    yield fit(context.notice);
  if (!context.reader && isContent(field) && context.reading.text.trim() !== '') yield fit(context.reading.text.trim());
  if (!Number.isFinite(min) || min > 1_000_000) return;
  yield fit('');
  // For schemas that rule the empty text out some other way.
  for (const text of ['-', 'unknown']) yield fit(text);
}

function askFor(field: Field): Ask {
  return { path: field.name, ...field };
}

/** Cut or padded to a length in code points. */
export function fitLength(text: string, min: number, max: number): string {
  const length = lengthOf(text);
  if (length > max) return [...text].slice(0, Math.max(0, Math.floor(max))).join('');
  return length < min ? text + '-'.repeat(Math.ceil(min) - length) : text;
}
