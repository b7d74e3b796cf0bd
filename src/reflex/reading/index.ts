/** Reading values out of one text, for the fields of a schema. */
export { type Field, isAbout, isContent, isMoment } from './field.ts';
export { readDateTime } from './formats.ts';
export { readNumber } from './number.ts';
export { rankOptions } from './options.ts';
export { readString, splitList } from './string.ts';
export { type Found, isFree, type Reading, type ReadingOptions, readText } from './text.ts';
export { readBoolean } from './truth.ts';
