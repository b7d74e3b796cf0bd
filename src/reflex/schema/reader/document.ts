/** A text with everything that fields may ask of it, each worked out once and only when asked for. */
import { clausesOf, type Piece, sentencesOf } from '../../analysis/clauses.ts';
import { type FeelingProfile, profileOf } from '../../analysis/emotion.ts';
import { amountsIn, type EntityKind, type Mention, mentionsOf } from '../../analysis/entities.ts';
import { type Mark, marksOf } from '../../analysis/marks.ts';
import { type Sentiment, sentimentFrom } from '../../analysis/sentiment.ts';
import { foldSameLength, type Word, words } from '../../text/text.ts';
import type { Json, Prediction } from '../../types.ts';
import {
  type DateSpan,
  type DurationSpan,
  readDates,
  readDurations,
  readTimes,
  type TimeSpan,
} from '../../values/moments.ts';
import { type NumberValue, readNumbers } from '../../values/numbers.ts';

/** An earlier text of the conversation and the JSON it was answered with. */
export interface Shot {
  text: string;
  value: Json;
}

/** What is the same for a text and for its parts. */
export interface Surroundings {
  /** What the prompt says beside the text. */
  instructions: string;
  now_ms: number;
  timeZone?: string;
  shots: readonly Shot[];
  model?: { predict(text: string): Prediction };
  /** How sure the answers so far are, 0 to 1 each. */
  sureness: number[];
}

export interface Document {
  readonly text: string;
  readonly folded: string;
  readonly around: Surroundings;
  /** Stands for one item of a list. */
  readonly isPart: boolean;
  /** The text is one mention of this kind. */
  readonly kind?: NamedKind;
  /** Words and moments of the first 20,000 characters. */
  words(): Word[];
  sentences(): Piece[];
  clauses(): Piece[];
  marks(): Mark[];
  sentiment(): Sentiment;
  profile(): FeelingProfile;
  mentions(kind: EntityKind): Mention[];
  numbers(): NumberValue[];
  dates(): DateSpan[];
  times(): TimeSpan[];
  durations(): DurationSpan[];
  /** `Label: value` pairs. */
  labelled(): Labelled[];
  prediction(): Prediction | undefined;
}

export interface Labelled {
  label: string;
  value: string;
  start: number;
  end: number;
}

/** Beyond this, only things with a form of their own are found. */
const READ_CHARS = 20_000;
const PREDICT_CHARS = 4_000;

export type NamedKind = EntityKind | 'date' | 'time';

export function openDocument(text: string, around: Surroundings, isPart = false, kind?: NamedKind): Document {
  const head = text.slice(0, READ_CHARS);
  const mentions = new Map<EntityKind, Mention[]>();
  const once = <T>(make: () => T): (() => T) => {
    let made: { value: T } | undefined;
    return () => {
      made ??= { value: make() };
      return made.value;
    };
  };
  const marks = once(() => marksOf(head));
  const numbers = once(() => readNumbers(head));
  const amounts = once(() => amountsIn(head, numbers()));
  return {
    text,
    folded: foldSameLength(text),
    around,
    isPart,
    kind,
    words: once(() => words(head)),
    sentences: once(() => sentencesOf(head)),
    clauses: once(() => clausesOf(head)),
    marks,
    sentiment: once(() => sentimentFrom(marks())),
    profile: once(() => profileOf(marks())),
    mentions(kind) {
      let found = mentions.get(kind);
      if (!found) {
        found =
          kind === 'money' || kind === 'percent'
            ? amounts().filter((one) => one.kind === kind)
            : mentionsOf(kind, text);
        mentions.set(kind, found);
      }
      return found;
    },
    numbers,
    dates: once(() => readDates(head, around.now_ms, around.timeZone)),
    times: once(() => readTimes(head)),
    durations: once(() => readDurations(head)),
    labelled: once(() => labelledIn(head)),
    prediction: once(() => around.model?.predict(text.slice(0, PREDICT_CHARS))),
  };
}

const LABEL =
  /(?:^|[\n;；，。|、,]|(?<=\p{Script=Han}) (?=\p{Script=Han})|\.\s)[ \t]*(?:[-*•]\s*)?([\p{L}_#][\p{L}\p{N}_ #./-]{0,29}?)\s*[:：=]\s*(?!\/\/)/gmu;

function labelledIn(text: string): Labelled[] {
  const labels = [...text.matchAll(LABEL)];
  return labels.flatMap((match, index) => {
    const start = match.index + match[0].length;
    const next = labels[index + 1]?.index ?? text.length;
    const rest = text.slice(start, next);
    const stop = /[\n;；|。]|，|, (?=\p{L}+[:：])|\.(?:\s|$)/u.exec(rest);
    const value = (stop ? rest.slice(0, stop.index) : rest).trim().replace(/^["“「]|["”」]$/g, '');
    const at = text.indexOf(value, start);
    return value === '' || value.length > 300
      ? []
      : [{ label: match[1]!.trim(), value, start: at, end: at + value.length }];
  });
}
