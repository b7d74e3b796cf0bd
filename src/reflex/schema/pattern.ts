/**
 * Regular expressions of callers' schemas, without ever running a caller's expression on the host's engine, which can
 * take exponential time: a parser for the common part of ECMA-262, a matcher linear in the text, and a writer of short examples.
 */

type Node =
  | { kind: 'set'; negated: boolean; ranges: [number, number][] }
  | { kind: 'seq'; items: Node[] }
  | { kind: 'alt'; options: Node[] }
  | { kind: 'repeat'; node: Node; min: number; max: number }
  | { kind: 'start' }
  | { kind: 'end' };

export interface Pattern {
  root: Node;
  program: Instruction[];
}

type Instruction =
  | { op: 'set'; negated: boolean; ranges: [number, number][]; next: number }
  | { op: 'split'; a: number; b: number }
  | { op: 'start'; next: number }
  | { op: 'end'; next: number }
  | { op: 'match' };

const MAX_PROGRAM = 20_000;
const CLASSES: Record<string, [number, number][]> = {
  d: [[48, 57]],
  w: [
    [48, 57],
    [65, 90],
    [95, 95],
    [97, 122],
  ],
  s: [
    [9, 13],
    [32, 32],
    [160, 160],
    [0x2028, 0x2029],
    [0x3000, 0x3000],
    [0xfeff, 0xfeff],
  ],
};
const ANY: [number, number][] = [
  [0, 9],
  [11, 12],
  [14, 0x10ffff],
];

class Unsupported extends Error {}

/** The expression, or undefined where it uses what is not supported here (look-around, back references, \p, \b) or is too large. */
export function parsePattern(source: string): Pattern | undefined {
  if (source.length > 2_000) return undefined;
  try {
    const root = new Reader([...source]).all();
    const program: Instruction[] = [];
    emit(root, program);
    program.push({ op: 'match' });
    return { root, program };
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

class Reader {
  readonly characters: string[];
  at = 0;
  depth = 0;

  constructor(characters: string[]) {
    this.characters = characters;
  }

  all(): Node {
    const node = this.alternatives();
    if (this.at < this.characters.length) throw new Unsupported();
    return node;
  }

  alternatives(): Node {
    if (++this.depth > 50) throw new Unsupported();
    const options = [this.sequence()];
    while (this.characters[this.at] === '|') {
      this.at++;
      options.push(this.sequence());
    }
    this.depth--;
    return options.length === 1 ? options[0]! : { kind: 'alt', options };
  }

  sequence(): Node {
    const items: Node[] = [];
    while (this.at < this.characters.length && this.characters[this.at] !== '|' && this.characters[this.at] !== ')')
      items.push(this.repeated());
    return { kind: 'seq', items };
  }

  repeated(): Node {
    let node = this.atom();
    while (true) {
      const character = this.characters[this.at];
      let bounds: [number, number] | undefined;
      if (character === '*') bounds = [0, Infinity];
      else if (character === '+') bounds = [1, Infinity];
      else if (character === '?') bounds = [0, 1];
      if (bounds) this.at++;
      else {
        const braces =
          character === '{'
            ? /^\{(\d{1,5})(?:(,)(\d{1,5})?)?\}/.exec(this.characters.slice(this.at, this.at + 16).join(''))
            : null;
        if (!braces) return node;
        const min = Number(braces[1]);
        bounds = [min, braces[2] ? (braces[3] === undefined ? Infinity : Number(braces[3])) : min];
        this.at += braces[0].length;
      }
      if (bounds[1] < bounds[0]) throw new Unsupported();
      // A lazy quantifier matches the same texts.
      if (this.characters[this.at] === '?') this.at++;
      node = { kind: 'repeat', node, min: bounds[0], max: bounds[1] };
    }
  }

  atom(): Node {
    const character = this.characters[this.at++]!;
    if (character === '^') return { kind: 'start' };
    if (character === '$') return { kind: 'end' };
    if (character === '.') return { kind: 'set', negated: false, ranges: ANY };
    if (character === '[') return this.set();
    if (character === '\\') return { kind: 'set', ...this.escape() };
    if (character === '(') {
      if (this.characters[this.at] === '?') {
        const lead = this.characters.slice(this.at, this.at + 40).join('');
        const open = /^\?(?::|<[A-Za-z]\w*>)/.exec(lead);
        if (!open) throw new Unsupported();
        this.at += open[0].length;
      }
      const node = this.alternatives();
      if (this.characters[this.at++] !== ')') throw new Unsupported();
      return node;
    }
    if ('*+?{}])'.includes(character)) throw new Unsupported();
    return literal(character);
  }

  escape(): { negated: boolean; ranges: [number, number][] } {
    const character = this.characters[this.at++];
    if (character === undefined) throw new Unsupported();
    const lower = character.toLowerCase();
    if (lower in CLASSES) return { negated: character !== lower, ranges: CLASSES[lower]! };
    const control = { n: 10, r: 13, t: 9, f: 12, v: 11, 0: 0 }[character];
    if (control !== undefined) return { negated: false, ranges: [[control, control]] };
    if (character === 'x' || character === 'u') {
      const hex = new RegExp(character === 'x' ? '^[0-9a-fA-F]{2}' : '^[0-9a-fA-F]{4}').exec(
        this.characters.slice(this.at, this.at + 4).join(''),
      );
      if (!hex) throw new Unsupported();
      this.at += hex[0].length;
      const code = Number.parseInt(hex[0], 16);
      if (code >= 0xd800 && code <= 0xdfff) throw new Unsupported();
      return { negated: false, ranges: [[code, code]] };
    }
    if (/[A-Za-z0-9]/.test(character)) throw new Unsupported();
    return { negated: false, ranges: [[character.codePointAt(0)!, character.codePointAt(0)!]] };
  }

  set(): Node {
    const ranges: [number, number][] = [];
    const negated = this.characters[this.at] === '^';
    if (negated) this.at++;
    const one = (): { negated: boolean; ranges: [number, number][] } => {
      const character = this.characters[this.at++];
      if (character === undefined) throw new Unsupported();
      if (character === '\\') {
        if (this.characters[this.at] === 'b') throw new Unsupported();
        if (this.characters[this.at] === '-') {
          this.at++;
          return { negated: false, ranges: [[45, 45]] };
        }
        return this.escape();
      }
      return { negated: false, ranges: [[character.codePointAt(0)!, character.codePointAt(0)!]] };
    };
    while (this.characters[this.at] !== ']') {
      const from = one();
      if (from.negated) ranges.push(...complement(from.ranges));
      else if (
        this.characters[this.at] === '-' &&
        this.characters[this.at + 1] !== ']' &&
        from.ranges.length === 1 &&
        from.ranges[0]![0] === from.ranges[0]![1]
      ) {
        this.at++;
        const to = one();
        if (
          to.negated ||
          to.ranges.length !== 1 ||
          to.ranges[0]![0] !== to.ranges[0]![1] ||
          to.ranges[0]![0] < from.ranges[0]![0]
        )
          throw new Unsupported();
        ranges.push([from.ranges[0]![0], to.ranges[0]![0]]);
      } else ranges.push(...from.ranges);
    }
    this.at++;
    return { kind: 'set', negated, ranges };
  }
}

function literal(character: string): Node {
  const code = character.codePointAt(0)!;
  return { kind: 'set', negated: false, ranges: [[code, code]] };
}

function complement(ranges: readonly [number, number][]): [number, number][] {
  const out: [number, number][] = [];
  let from = 0;
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (start > from) out.push([from, start - 1]);
    from = Math.max(from, end + 1);
  }
  if (from <= 0x10ffff) out.push([from, 0x10ffff]);
  return out;
}

function emit(node: Node, program: Instruction[]): void {
  if (program.length > MAX_PROGRAM) throw new Unsupported();
  if (node.kind === 'set')
    program.push({ op: 'set', negated: node.negated, ranges: node.ranges, next: program.length + 1 });
  else if (node.kind === 'start' || node.kind === 'end') program.push({ op: node.kind, next: program.length + 1 });
  else if (node.kind === 'seq') for (const item of node.items) emit(item, program);
  else if (node.kind === 'alt') emitAlternatives(node.options, program);
  else {
    for (let count = 0; count < node.min; count++) emit(node.node, program);
    if (node.max === Infinity) {
      const split = { op: 'split' as const, a: program.length + 1, b: 0 };
      program.push(split);
      emit(node.node, program);
      program.push({ op: 'split', a: program.indexOf(split), b: program.indexOf(split) });
      split.b = program.length;
      return;
    }
    const splits: { b: number }[] = [];
    for (let count = node.min; count < node.max; count++) {
      const split = { op: 'split' as const, a: program.length + 1, b: 0 };
      program.push(split);
      splits.push(split);
      emit(node.node, program);
    }
    for (const split of splits) split.b = program.length;
  }
}

function emitAlternatives(options: readonly Node[], program: Instruction[]): void {
  const jumps: { a: number; b: number }[] = [];
  options.forEach((option, index) => {
    if (index === options.length - 1) {
      emit(option, program);
      return;
    }
    const split = { op: 'split' as const, a: program.length + 1, b: 0 };
    program.push(split);
    emit(option, program);
    const jump = { op: 'split' as const, a: 0, b: 0 };
    program.push(jump);
    jumps.push(jump);
    split.b = program.length;
  });
  for (const jump of jumps) {
    jump.a = program.length;
    jump.b = program.length;
  }
}

function inSet(code: number, set: { negated: boolean; ranges: readonly [number, number][] }): boolean {
  return set.ranges.some(([from, to]) => code >= from && code <= to) !== set.negated;
}

/** Whether the expression matches anywhere in the text, as JSON Schema's `pattern` asks. Time is program × text. */
export function matchesPattern(pattern: Pattern, text: string): boolean {
  const { program } = pattern;
  const characters = [...text];
  let current = new Set<number>();
  for (let position = 0; position <= characters.length; position++) {
    const code = characters[position]?.codePointAt(0);
    const active = new Set<number>();
    const stack = [0, ...current];
    while (stack.length > 0) {
      const index = stack.pop()!;
      if (active.has(index)) continue;
      active.add(index);
      const step = program[index]!;
      if (step.op === 'match') return true;
      if (step.op === 'split') stack.push(step.a, step.b);
      else if (step.op === 'start' && position === 0) stack.push(step.next);
      else if (step.op === 'end' && position === characters.length) stack.push(step.next);
    }
    if (code === undefined) return false;
    current = new Set();
    for (const index of active) {
      const step = program[index]!;
      if (step.op === 'set' && inSet(code, step)) current.add(step.next);
    }
  }
  return false;
}

const PREFERRED = [...'a0A1x-_ .@/:中'].map((character) => character.codePointAt(0)!);

/** A text that the expression matches, at least `minLength` code points long where repeats allow it. undefined where none was found. */
export function samplePattern(pattern: Pattern, minLength = 0): string | undefined {
  for (const extra of [minLength, 0]) {
    const text = write(pattern.root, { left: extra });
    if (text !== undefined && matchesPattern(pattern, text)) return text;
  }
  return undefined;
}

function write(node: Node, budget: { left: number }): string | undefined {
  if (node.kind === 'start' || node.kind === 'end') return '';
  if (node.kind === 'set') {
    const code = PREFERRED.find((candidate) => inSet(candidate, node)) ?? firstOf(node);
    if (code === undefined) return undefined;
    budget.left--;
    return String.fromCodePoint(code);
  }
  if (node.kind === 'alt') {
    for (const option of node.options) {
      const text = write(option, budget);
      if (text !== undefined) return text;
    }
    return undefined;
  }
  const parts: string[] = [];
  if (node.kind === 'seq') {
    for (const item of node.items) {
      const text = write(item, budget);
      if (text === undefined) return undefined;
      parts.push(text);
    }
    return parts.join('');
  }
  for (let count = 0; count < node.max && (count < node.min || (budget.left > 0 && count < 10_000)); count++) {
    const text = write(node.node, budget);
    if (text === undefined) return count >= node.min ? parts.join('') : undefined;
    if (text === '' && count >= node.min) break;
    parts.push(text);
  }
  return parts.join('');
}

function firstOf(set: { negated: boolean; ranges: [number, number][] }): number | undefined {
  for (const [from, to] of set.negated ? complement(set.ranges) : set.ranges) {
    const code = Math.max(from, 0x20);
    if (code <= to && !(code >= 0xd800 && code <= 0xdfff)) return code;
    if (from <= to && !(from >= 0xd800 && from <= 0xdfff)) return from;
  }
  return undefined;
}
