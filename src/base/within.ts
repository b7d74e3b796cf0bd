import { AppError } from './errors.ts';

/** The promise's own outcome, or AppError `overloaded` when it takes longer: for what a caller waits for and somebody else may never answer. */
export async function within<T>(limit_ms: number, promise: Promise<T>, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new AppError('overloaded', message, { retryAfter_s: 1 })), limit_ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
