/** The parameters of a tool as a flat list, each with what is known of the value that it wants. */

import { isObject } from '../schema/validate.ts';
import { hanMeanings, isFunctionWord, meanings } from '../text/lexicon.ts';
import { foldSameLength, hasHan, splitIdentifier, words } from '../text/text.ts';
import type { Json, JsonObject, ReflexTool } from '../types.ts';
import { PARTICLES } from './han-words.ts';
import { rarity, stemOf } from './rarity.ts';
import { type Dimension, isLongUnit, measureOf, type Unit, unitOf } from './units.ts';

export type ValueType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'any';

export interface Parameter {
  path: readonly string[];
  type: ValueType;
  /** Of an array. */
  item?: Parameter;
  /** Folded words of the name. */
  names: readonly string[];
  description: string;
  schema: JsonObject;
  required: boolean;
  options?: readonly Json[];
  /** Stem → weight: 1 where only this parameter's name has it, less where others share it or only the description has it. */
  terms: Map<string, number>;
  dimension?: Dimension;
  /** The unit that the description wants. */
  unit?: Unit;
  role: Role;
  /** Values that the description gives as examples. */
  examples: readonly string[];
  /** The description's default, where it states one. */
  stated?: string;
}

export type Role =
  | 'place'
  | 'person'
  | 'group'
  | 'title'
  | 'date'
  | 'time'
  | 'year'
  | 'month'
  | 'weekday'
  | 'language'
  | 'currency'
  | 'unit'
  | 'email'
  | 'url'
  | 'path'
  | 'code'
  | 'content'
  | 'expression'
  | 'plain';

export interface Plan {
  parameters: Parameter[];
  /** Objects that must be there, by path, with what they need. */
  root: JsonObject;
  /** Stems of the tool's own words. */
  about: Set<string>;
  /** Chinese words of the tool, and meanings of its words in either language. */
  hanAbout: Set<string>;
}

const MAX_PARAMETERS = 40;
const HARD = [
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
  'if',
  'not',
  'const',
  'patternProperties',
  'dependentRequired',
  'prefixItems',
  'minProperties',
];

/** undefined where the schema needs more than a flat reading. */
export function planOf(tool: ReflexTool): Plan | undefined {
  const root = (tool.parameters ?? {}) as JsonObject;
  const parameters: Parameter[] = [];
  if (!collect(root, [], true, parameters, 0) || parameters.length > MAX_PARAMETERS) return undefined;
  weighTerms(parameters);
  const about = new Set<string>();
  for (const word of [...splitIdentifier(tool.name), ...wordsOf((tool.description ?? '').slice(0, 600))]) {
    about.add(stemOf(word));
    if (!isFunctionWord(word)) for (const meaning of meanings(word)) about.add(meaning);
  }
  return { parameters, root, about, hanAbout: hanAboutOf(tool) };
}

function hanAboutOf(tool: ReflexTool): Set<string> {
  const out = new Set<string>();
  const description = (tool.description ?? '').slice(0, 300);
  for (const word of splitIdentifier(`${tool.name} ${description}`)) {
    if (hasHan(word)) {
      for (const part of words(word)) if (!PARTICLES.has(part.text)) out.add(part.text);
      for (const { meaning, word: found } of hanMeanings(word))
        if (found.length > 1 || word.length < 3) out.add(meaning);
    } else if (!isFunctionWord(word)) for (const meaning of meanings(word)) out.add(meaning);
  }
  return out;
}

function collect(schema: JsonObject, path: string[], required: boolean, out: Parameter[], depth: number): boolean {
  if (depth > 4 || HARD.some((key) => schema[key] !== undefined)) return false;
  const properties = isObject(schema.properties) ? schema.properties : {};
  const needed = Array.isArray(schema.required) ? schema.required : [];
  if (needed.some((name) => typeof name === 'string' && !Object.hasOwn(properties, name))) return false;
  for (const [name, part] of Object.entries(properties)) {
    if (name === '__proto__' || !isObject(part)) return false;
    const isNeeded = required && needed.includes(name);
    if (
      (part.type === 'object' || part.type === 'dict') &&
      isObject(part.properties) &&
      Object.keys(part.properties).length > 0
    ) {
      if (!collect(part, [...path, name], isNeeded, out, depth + 1)) return false;
      continue;
    }
    const parameter = parameterOf(part, [...path, name], isNeeded, 0);
    if (!parameter) return false;
    out.push(parameter);
  }
  return true;
}

function parameterOf(
  schema: JsonObject,
  path: readonly string[],
  required: boolean,
  depth: number,
): Parameter | undefined {
  if (HARD.some((key) => schema[key] !== undefined) || depth > 3) return undefined;
  const type = typeOf(schema);
  if (!type) return undefined;
  const names = splitIdentifier(path.at(-1)!.replace(/([a-z])(\d)/gi, '$1 $2'));
  const description = [schema.description, schema.title].find((one) => typeof one === 'string') ?? '';
  const item = isObject(schema.items) ? schema.items : {};
  const parameter: Parameter = {
    path,
    type,
    names,
    description: String(description).slice(0, 800),
    schema,
    required,
    terms: new Map(),
    role: 'plain',
    examples: examplesOf(String(description)),
  };
  if (Array.isArray(schema.enum)) parameter.options = schema.enum;
  if (type === 'array') {
    const part = parameterOf(
      { description, ...item },
      [...path.slice(0, -1), singular(path.at(-1)!)],
      required,
      depth + 1,
    );
    if (!part) return undefined;
    parameter.item = part;
  }
  parameter.role = roleOf(parameter);
  Object.assign(parameter, measure(parameter));
  const stated = /\bdefaults? (?:is|to|value is|value)?:?\s*['"]?([\w./ -]{1,40}?)['"]?(?:[.,;)]|$)/i.exec(
    parameter.description,
  );
  if (stated) parameter.stated = stated[1]!;
  return parameter;
}

/** Names of types that clients write who think in a programming language. */
const ALIASES: Record<string, ValueType> = {
  float: 'number',
  double: 'number',
  int: 'integer',
  bool: 'boolean',
  str: 'string',
  list: 'array',
  tuple: 'array',
  dict: 'object',
  any: 'any',
};

function typeOf(schema: JsonObject): ValueType | undefined {
  const { type } = schema;
  if (type === undefined) return Array.isArray(schema.enum) ? 'string' : isObject(schema.items) ? 'array' : 'any';
  if (Array.isArray(type)) {
    const one = type.filter((each) => each !== 'null');
    return one.length === 1 ? typeOf({ ...schema, type: one[0]! }) : 'any';
  }
  const alias = ALIASES[String(type)];
  if (alias) return alias;
  return ['string', 'number', 'integer', 'boolean', 'array', 'object'].includes(String(type))
    ? (type as ValueType)
    : undefined;
}

export function wordsOf(text: string): string[] {
  return foldSameLength(text).match(/\p{L}[\p{L}\p{N}]*(?:['’][\p{L}]+)?/gu) ?? [];
}

function singular(name: string): string {
  return name.replace(/ies$/, 'y').replace(/([^s])s$/, '$1');
}

/** Quoted words and what stands behind "e.g.", "such as" or "like". */
function examplesOf(description: string): string[] {
  const out: string[] = [];
  for (const match of description.matchAll(/['"‘“]([^'"’”]{1,60})['"’”]/g)) out.push(match[1]!);
  for (const match of description.matchAll(
    /(?:\be\.?g\.?,?|\bsuch as|\bfor example,?|\blike|\bi\.?e\.?,?|\bexample:?)\s+([^.;)(]{1,120})/gi,
  ))
    out.push(
      ...(/^[A-Z][\w ]+, [A-Z]{2}\b/.test(match[1]!)
        ? [match[1]!]
        : match[1]!.split(/\s*,\s*(?:or |and )?|\s+or\s+|\s+and\s+/)
      ).map((one) => one.trim().replace(/^['"]|['"]$/g, '')),
    );
  return out.filter((one) => one !== '').slice(0, 20);
}

function weighTerms(parameters: readonly Parameter[]): void {
  const owners = new Map<string, number>();
  for (const parameter of parameters)
    for (const term of new Set(parameter.names.map(stemOf))) owners.set(term, (owners.get(term) ?? 0) + 1);
  const described = new Map<string, number>();
  const descriptions = parameters.map(
    (parameter) =>
      new Set(
        wordsOf(parameter.description)
          .filter((word) => !isFunctionWord(word))
          .map(stemOf),
      ),
  );
  for (const words of descriptions) for (const word of words) described.set(word, (described.get(word) ?? 0) + 1);
  parameters.forEach((parameter, index) => {
    for (const word of descriptions[index]!) {
      const weight =
        0.5 * (0.3 + 0.7 * Math.max(0.3, rarity(word))) * (described.get(word) === 1 && !owners.has(word) ? 1 : 0.4);
      parameter.terms.set(word, weight);
    }
    for (const name of parameter.names) {
      if (isFunctionWord(name)) continue;
      const weight = owners.get(stemOf(name)) === 1 ? 1 : 0.35;
      parameter.terms.set(stemOf(name), weight * (rarity(name) < 0.5 ? 0.8 : 1));
    }
    if (parameter.item) parameter.item.terms = parameter.terms;
  });
}

function measure(parameter: Parameter): { dimension?: Dimension; unit?: Unit } {
  if (!['number', 'integer', 'any', 'array'].includes(parameter.type)) return {};
  const { names } = parameter;
  const description = foldSameLength(parameter.description);
  const measured = names.filter((name) => name !== 'min' && name !== 'sec');
  const named = measured.map((name) => (name.length > 1 ? unitOf(name) : undefined)).find((unit) => unit !== undefined);
  const stated = /(?:\bin|\(|\bof|\bper)\s+?\(?([a-z°²³]+(?:\/[a-z]+(?:²|\^2)?| per [a-z]+| [a-z]+)?)/g;
  let unit = named && named.name.length > 0 ? named : undefined;
  for (const match of unit ? [] : description.replaceAll('(', '( ').matchAll(stated)) {
    const words = match[1]!;
    const found = unitOf(words) ?? unitOf(words.split(' ')[0]!);
    if (found && (isLongUnit(words.split(' ')[0]!) || /^(?:in|\()/.test(match[0]))) {
      unit = found;
      break;
    }
  }
  if (/\bpercent|%|\bpercentage/.test(description) && !/decimal|fraction/.test(description))
    return { dimension: 'percent' };
  const own = [...names]
    .reverse()
    .map(measureOf)
    .find((one) => one !== undefined);
  if (unit && (own === undefined || own === unit.dimension || own === 'percent' || own === 'money'))
    return own === 'money' ? { dimension: 'money' } : { dimension: unit.dimension, unit };
  if (own) return { dimension: own };
  if (
    /\b(?:amount (?:of money|to|in|borrowed|invested|saved|paid|spent)|money|dollars?|usd|price|salary|budget|cost)\b/.test(
      description,
    )
  )
    return { dimension: 'money' };
  return {};
}

const ROLES: [Role, readonly string[]][] = [
  ['email', ['email', 'mail']],
  ['url', ['url', 'uri', 'link', 'website']],
  ['date', ['date', 'day', 'birthday', 'birthdate', 'dob', 'checkin', 'checkout', 'deadline']],
  ['year', ['year', 'season']],
  ['month', ['month']],
  ['weekday', ['weekday']],
  ['time', ['time', 'datetime', 'timestamp', 'hour', 'clock']],
  ['currency', ['currency', 'currencies']],
  ['language', ['language', 'lang', 'languages']],
  ['unit', ['unit', 'units']],
  ['path', ['path', 'file', 'filename', 'filepath', 'directory', 'folder']],
  ['expression', ['function', 'expression', 'equation', 'formula', 'polynomial']],
  [
    'code',
    [
      'id',
      'code',
      'ticker',
      'symbol',
      'sku',
      'isbn',
      'zip',
      'zipcode',
      'postcode',
      'number',
      'phone',
      'uuid',
      'ip',
      'host',
      'server',
      'hostname',
      'isin',
      'iban',
    ],
  ],
  [
    'place',
    'city location place country nationality citizenship state region address destination origin area town venue jurisdiction resort station province county departure arrival airport where neighborhood district continent zone cities countries locations places'.split(
      ' ',
    ),
  ],
  [
    'person',
    'person player author artist composer director actor actress inventor celebrity president scientist singer painter writer politician employee patient customer user sender owner candidate client guest host attendee attendees party parties recipient contact'.split(
      ' ',
    ),
  ],
  [
    'group',
    [
      'team',
      'company',
      'organization',
      'organisation',
      'brand',
      'league',
      'university',
      'school',
      'club',
      'manufacturer',
      'store',
      'restaurant',
      'museum',
      'hotel',
      'airline',
      'bank',
      'court',
      'band',
      'tournament',
      'competition',
    ],
  ],
  [
    'content',
    [
      'text',
      'query',
      'message',
      'body',
      'content',
      'question',
      'sentence',
      'comment',
      'note',
      'description',
      'prompt',
      'input',
      'subject',
      'review',
      'paragraph',
      'string',
      'keyword',
      'keywords',
    ],
  ],
  [
    'title',
    [
      'title',
      'song',
      'movie',
      'book',
      'game',
      'film',
      'album',
      'event',
      'show',
      'track',
      'artwork',
      'name',
      'label',
      'landmark',
      'painting',
      'sculpture',
    ],
  ],
];

function roleOf(parameter: Parameter): Role {
  if (parameter.schema.format === 'date') return 'date';
  if (parameter.schema.format === 'time' || parameter.schema.format === 'date-time') return 'time';
  if (parameter.schema.format === 'email') return 'email';
  if (parameter.schema.format === 'uri') return 'url';
  const { names } = parameter;
  const last = names.findLast((name) => !/^\d+$/.test(name)) ?? '';
  if (/zone/.test(last)) return 'place';
  // The head of an English name is its last word: start_date is a date, date_format is none.
  for (const word of names.includes('per') ? [] : [last, ...names.slice(0, -1).reverse()]) {
    const form = singular(word);
    for (const [role, words] of ROLES) if (words.includes(word) || words.includes(form)) return refine(role, parameter);
  }
  const described = wordsOf(parameter.description.slice(0, 80));
  if (/\b(?:yyyy|mm|dd)[-/]/i.test(parameter.description)) return 'date';
  if (/\bHH:MM/i.test(parameter.description)) return 'time';
  for (const [role, list] of ROLES) {
    if (!['place', 'person', 'group', 'date', 'language', 'currency', 'email', 'url'].includes(role)) continue;
    if (described.slice(0, 6).some((word) => list.includes(word) && word !== 'state')) return refine(role, parameter);
  }
  return 'plain';
}

function refine(role: Role, { names, description, type }: Parameter): Role {
  if (role === 'title' && names.at(-1) === 'name') {
    const first = names.length > 1 ? names[0]! : '';
    for (const [other, words] of ROLES) if (words.includes(first)) return other;
    if (/\b(?:person|player|user|customer|patient|author|artist)\b/i.test(description)) return 'person';
    if (/\b(?:city|country|place|location)\b/i.test(description)) return 'place';
  }
  if (role === 'date' && /\bday of (?:the )?week|\bweekday/i.test(description)) return 'weekday';
  if (role === 'month' && type !== 'string') return 'plain';
  if (role === 'code' && names.at(-1) === 'number' && (type === 'integer' || type === 'number')) return 'plain';
  if (role === 'time' && /\bYYYY|\bdate\b/i.test(description) && !/HH/i.test(description)) return 'date';
  if (
    role === 'year' &&
    type === 'string' &&
    names.at(-1) === 'season' &&
    /\b(?:spring|winter|summer)\b/i.test(description)
  )
    return 'plain';
  return role;
}
