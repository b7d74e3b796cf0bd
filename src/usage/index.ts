/** The door to settled usage: where it is written and asked for, and where another engine takes over at scale. */
export { type Barometer, type BarometerQuery, barometer, type LiveUsage } from './barometer.ts';
export { createUsageQuery, type UsageQuery } from './query.ts';
export { createReports, openReportThread, type Reports } from './report/thread.ts';
export { createUsageSink, type UsageSink } from './sink.ts';
