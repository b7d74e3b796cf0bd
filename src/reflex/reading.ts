/** Reading values out of one text, for the fields of a schema. */
export { type Field, isAbout, isContent, isMoment } from './reading/field.ts';
export { readDateTime } from './reading/formats.ts';
export { readNumber } from './reading/number.ts';
export { rankOptions } from './reading/options.ts';
export { readString, splitList } from './reading/string.ts';
export { type Found, isFree, type Reading, type ReadingOptions, readText } from './reading/text.ts';
export { readBoolean } from './reading/truth.ts';
