/** Passages of a text by what they do: praise, blame, wish, ask, set a task, or show best what was found. */
import type { Piece } from '../../analysis/clauses.ts';
import type { Document } from './document.ts';
import type { Purpose } from './purpose.ts';

const WISH =
  /\b(?:suggest|would be (?:nice|great|good|better|helpful)|would love|should|please|i want|we want|i need|we need|could you|wish|hope|refund me|i'd like|would like)\b|建议|希望|要求|请(?!问)|想要|需要|我要|能不能|要是|退款|赔/i;
const TASK =
  /\b(?:need(?:s)? to|must|has to|have to|please|to ?do|action|should|will (?:send|call|prepare|finish|review|update|write|contact|schedule|follow|share|check|provide|arrange|draft|book|fix)|by (?:monday|tuesday|wednesday|thursday|friday|tomorrow|next|end of))\b|需要|请(?!问)|务必|负责|完成|提交|跟进|安排|准备|(?:周[一二三四五六日]|\d+[号日]|月底|本周|下周)(?:前|之前)/i;

/** The passages, best first for praise, blame and evidence; otherwise in the order of the text. */
export function passages(purpose: Purpose, document: Document, max: number): Piece[] {
  const sentences = document.sentences();
  const tasks = document.text.slice(0, 2_000).match(/\p{Script=Han}/gu) ? document.clauses() : sentences;
  if (purpose === 'question') return sentences.filter((one) => /[?？]/.test(one.text)).slice(0, max);
  if (purpose === 'wish') return sentences.filter((one) => WISH.test(one.text)).slice(0, max);
  if (purpose === 'task')
    return tasks
      .filter((one) => TASK.test(one.text))
      .map(withoutLabel)
      .slice(0, max);
  const clauses = purpose === 'quote' ? sentences : opinions(document);
  const weighed = weigh(clauses, document);
  const wanted = weighed.filter(({ weight }) =>
    purpose === 'good' ? weight >= 0.9 : purpose === 'bad' ? weight <= -0.9 : true,
  );
  const best = wanted
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight) || a.piece.start - b.piece.start)
    .slice(0, max);
  return best.sort((a, b) => (max === 1 ? 0 : a.piece.start - b.piece.start)).map(({ piece }) => piece);
}

/** "Action items: call Ben" without what only heads it. */
function withoutLabel(piece: Piece): Piece {
  const head = /^[\p{L} ]{1,24}[:：]\s*/u.exec(piece.text)?.[0].length ?? 0;
  return { text: piece.text.slice(head), start: piece.start + head, end: piece.end };
}

/** Pieces with the sums of the marks in them. */
export function weigh(pieces: readonly Piece[], document: Document): { piece: Piece; weight: number }[] {
  const marks = document.marks();
  let at = 0;
  return pieces.map((piece) => {
    let weight = 0;
    while (at < marks.length && marks[at]!.start < piece.start) at++;
    for (let index = at; index < marks.length && marks[index]!.start < piece.end; index++)
      weight += marks[index]!.weight;
    return { piece, weight };
  });
}

const BETWEEN = /\s*(?:\b(?:but|and|while|although|though)\b|但是?|而且|不过|就是|只是|可惜)\s*/g;

/** Clauses, cut at what joins one opinion to another. */
export function opinions(document: Document): Piece[] {
  return document.clauses().flatMap((clause) => {
    const out: Piece[] = [];
    let from = 0;
    const push = (to: number) => {
      const text = clause.text.slice(from, to);
      if (text.trim() !== '') out.push({ text, start: clause.start + from, end: clause.start + to });
    };
    for (const match of clause.text.matchAll(BETWEEN)) {
      push(match.index);
      from = match.index + match[0].length;
    }
    push(clause.text.length);
    return out;
  });
}
