/** Every piece of a Chinese text that may be a name, a thing, or words to pass on, with what stands around it. */
import type { HanText, Piece } from './han-text.ts';

export interface HanSpan {
  value: string;
  start: number;
  end: number;
  from: number;
  to: number;
  /** Of its pieces, 的 not among them. */
  particles: number;
  /** 的 inside. */
  joins: number;
  verbs: number;
  numbers: number;
  opensWithVerb: boolean;
  closesWithVerb: boolean;
  /** Cut off from content to the left or right of it. */
  cutLeft: boolean;
  cutRight: boolean;
  afterDe: boolean;
  beforeDe: boolean;
  /** The word that leads to it, particles and counted numbers skipped; '' at the start of a clause. */
  lead: string;
  /** It is counted: 两杯X. */
  counted: boolean;
}

const MOST_PIECES = 120;
const LONGEST = 9;
const cache = new WeakMap<HanText, HanSpan[]>();

export function spansOf(han: HanText): HanSpan[] {
  let spans = cache.get(han);
  if (!spans) {
    spans = readSpans(han);
    cache.set(han, spans);
  }
  return spans;
}

function readSpans({ pieces, text }: HanText): HanSpan[] {
  const out: HanSpan[] = [];
  const count = Math.min(pieces.length, MOST_PIECES);
  for (let from = 0; from < count; from++) {
    if (!opens(pieces[from]!)) continue;
    const around = before(pieces, from);
    const total = { particles: 0, joins: 0, verbs: 0, numbers: 0, content: 0 };
    for (let at = from; at < Math.min(count, from + LONGEST); at++) {
      const piece = pieces[at]!;
      if (piece.kind === 'mark' || piece.kind === 'moment') break;
      if (piece.text === '的') total.joins++;
      else if (piece.kind === 'particle') total.particles++;
      else if (piece.kind === 'verb' || piece.kind === 'cue') total.verbs++;
      else if (piece.kind === 'number') total.numbers++;
      else total.content++;
      if (!closes(piece) || total.content + total.verbs === 0) continue;
      const after = pieces[at + 1];
      out.push({
        value: text.slice(pieces[from]!.start, piece.end),
        start: pieces[from]!.start,
        end: piece.end,
        from,
        to: at + 1,
        particles: total.particles,
        joins: total.joins,
        verbs: total.verbs,
        numbers: total.numbers,
        opensWithVerb: isVerbal(pieces[from]!),
        closesWithVerb: isVerbal(piece),
        cutRight: after?.kind === 'content' && after.start === piece.end,
        beforeDe: after?.text === '的',
        ...around,
      });
    }
  }
  return out;
}

function isVerbal(piece: Piece): boolean {
  return piece.kind === 'verb' || piece.kind === 'cue';
}

function opens(piece: Piece): boolean {
  return piece.kind === 'content' || piece.kind === 'verb' || piece.kind === 'number' || piece.text === '最';
}

function closes(piece: Piece): boolean {
  return piece.kind === 'content' || piece.kind === 'verb' || piece.kind === 'number';
}

function before(pieces: readonly Piece[], from: number): Pick<HanSpan, 'cutLeft' | 'afterDe' | 'lead' | 'counted'> {
  const last = pieces[from - 1];
  const joined = last !== undefined && last.end === pieces[from]!.start;
  let counted = false;
  let lead = '';
  for (let at = from - 1; at >= 0 && at >= from - 5; at--) {
    const piece = pieces[at]!;
    if (piece.kind === 'mark') {
      if (piece.text !== '、') break;
      continue;
    }
    if (piece.kind === 'number') counted ||= at === from - 1 || pieces[from - 1]!.text === '的';
    else if (piece.kind === 'particle') {
      if (piece.text === '的') break;
    } else if (piece.kind === 'moment') continue;
    else {
      lead = isVerbal(piece) ? piece.text : '';
      break;
    }
  }
  return { cutLeft: joined && last.kind === 'content', afterDe: last?.text === '的', lead, counted };
}
