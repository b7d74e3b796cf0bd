/** A FieldReader over a document. */
import type { Json } from '../../types.ts';
import type { Answer, Ask, FieldReader } from '../field-reader.ts';
import { chooseAllOptions, chooseOption } from './classify.ts';
import { type Document, openDocument } from './document.ts';
import { partsFor, readList } from './lists.ts';
import { readNumberField } from './numbers.ts';
import { passages } from './passages.ts';
import { purposeOf } from './purpose.ts';
import { readStringField } from './strings.ts';
import { readTruth } from './truths.ts';

/** Of lists, whose items are not weighed one by one. */
const LIST_CONFIDENCE = 0.6;

export function readerOf(document: Document): FieldReader {
  const { sureness } = document.around;
  /** What was answered counts for fields that ask how sure the answers are. */
  const note = <T extends Answer>(ask: Ask, answers: T[]): T[] => {
    if (answers.length > 0 && purposeOf(ask.name) !== 'confidence') sureness.push(answers[0]!.confidence);
    return answers;
  };
  return {
    leaf(type, ask, taken) {
      if (document.text.trim() === '') return [];
      if (type === 'boolean') {
        const value = readTruth(ask, document);
        return value === undefined ? [] : note(ask, [{ value, confidence: 0.65, start: 0, end: 0 }]);
      }
      if (type === 'string') return note(ask, readStringField(ask, document, taken));
      return note(ask, readNumberField(type, ask, document, taken));
    },
    choose(options, about, ask) {
      return document.text.trim() === '' ? [] : note(ask, chooseOption(options, about, ask, document));
    },
    chooseAll(options, about, ask): Json[] {
      return document.text.trim() === '' ? [] : chooseAllOptions(options, about, ask, document);
    },
    list(type, ask, max) {
      if (document.text.trim() === '') return [];
      const found = readList(type, ask, max, document);
      if (found.length > 0) sureness.push(LIST_CONFIDENCE);
      return found;
    },
    parts(properties) {
      return partsFor(properties, document).map((piece) =>
        readerOf(openDocument(piece.text, document.around, true, piece.kind)),
      );
    },
    isLate(ask) {
      const purpose = purposeOf(ask.name);
      return purpose === 'confidence' || purpose === 'reason';
    },
    reason(ask) {
      if (purposeOf(ask.name) !== 'reason' || document.marks().length === 0) return undefined;
      return passages('quote', document, 1)[0]?.text;
    },
  };
}
