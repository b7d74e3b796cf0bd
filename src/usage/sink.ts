import type { Store, UsageBatch } from '../store/index.ts';

/** Takes settled operations in batches, each once. */
export interface UsageSink {
  /**
   * Books a batch of a journal segment: 1 to 5,000 operations at a time are sensible. Answers false, and changes nothing, when the segment was
   * loaded past `from` before; `position` then says how far. Throws AppError `conflict` when something before `from` is missing.
   */
  append(batch: UsageBatch): Promise<boolean>;
  /** Bytes of a segment that are booked; 0 when it is unknown. */
  position(segment: string): Promise<number>;
}

export function createUsageSink(store: Pick<Store, 'usage'>): UsageSink {
  return {
    append: (batch) => store.usage.append(batch),
    position: (segment) => store.usage.position(segment),
  };
}
