import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client.ts';

const RETRIES = 2;

/** A call that the server has refused is not made again; one that nobody answered is. */
export function shouldRetry(failures: number, error: unknown): boolean {
  const passing = error instanceof ApiError && (error.isOffline || error.status >= 500);
  return passing && failures < RETRIES;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: shouldRetry,
        retryDelay: (attempt) => 500 * 2 ** attempt,
        staleTime: 2000,
        networkMode: 'always',
      },
    },
  });
}
