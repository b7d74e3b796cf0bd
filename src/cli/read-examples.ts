import { readFileSync } from 'node:fs';
import { AppError } from '../base/errors.ts';
import { type Example, parseExamples } from '../reflex/index.ts';

/** Examples of a file of JSON lines; empty lines are passed over. Throws AppError that names file and line. */
export function readExamples(file: string): Example[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new AppError('invalid_request', `${file} can't be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  const numbers: number[] = [];
  const values = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line, index): unknown[] => {
      if (line.trim() === '') return [];
      numbers.push(index + 1);
      try {
        return [JSON.parse(line)];
      } catch {
        throw new AppError('invalid_request', `${file}:${index + 1} is no JSON; every line holds one example.`);
      }
    });
  if (values.length === 0) throw new AppError('invalid_request', `${file} holds no examples.`);
  try {
    return parseExamples(values, file);
  } catch (error) {
    // The place in the list is told as a line of the file.
    const place = error instanceof AppError ? /^(.*)\[(\d+)\](.*)$/s.exec(error.message) : null;
    if (place?.[1] !== file) throw error;
    throw new AppError((error as AppError).code, `${file}:${numbers[Number(place[2])]}${place[3]}`);
  }
}
