/**
 * Public holidays that price calendars leave out, by year. A year that is missing is not known:
 * `isHoliday` then answers undefined and the caller says so instead of guessing.
 */

/** `MM-DD` of single days or `MM-DD/MM-DD` of ranges, both ends included. */
interface HolidayYear {
  source: string;
  holidays: string[];
  /** Weekend days that the same notice makes working days. */
  workdays: string[];
}

export const HOLIDAY_TABLES = ['cn_public_holidays'] as const;
export type HolidayTable = (typeof HOLIDAY_TABLES)[number];

const TABLES: Record<HolidayTable, Record<number, HolidayYear>> = {
  cn_public_holidays: {
    2025: {
      source: 'General Office of the State Council, notice on holidays in 2025 (国办发明电〔2024〕12号), 2024-11-12',
      holidays: ['01-01', '01-28/02-04', '04-04/04-06', '05-01/05-05', '05-31/06-02', '10-01/10-08'],
      workdays: ['01-26', '02-08', '04-27', '09-28', '10-11'],
    },
    2026: {
      source: 'General Office of the State Council, notice on holidays in 2026 (国办发明电〔2025〕7号), 2025-11-04',
      holidays: [
        '01-01/01-03',
        '02-15/02-23',
        '04-04/04-06',
        '05-01/05-05',
        '06-19/06-21',
        '09-25/09-27',
        '10-01/10-07',
      ],
      workdays: ['01-04', '02-14', '02-28', '05-09', '09-20', '10-10'],
    },
  },
};

/** Whether that date is a holiday of the table; undefined when the table has no such year. */
export function isHoliday(table: HolidayTable, year: number, month: number, day: number): boolean | undefined {
  const entry = TABLES[table][year];
  if (!entry) return undefined;
  return covers(entry.holidays, month, day);
}

/** Whether that date is a weekend day that the table makes a working day; undefined when the table has no such year. */
export function isMovedWorkday(table: HolidayTable, year: number, month: number, day: number): boolean | undefined {
  const entry = TABLES[table][year];
  if (!entry) return undefined;
  return covers(entry.workdays, month, day);
}

function covers(ranges: readonly string[], month: number, day: number): boolean {
  const date = `${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  return ranges.some((range) => {
    const [first, last = first] = range.split('/');
    return date >= first! && date <= last!;
  });
}
