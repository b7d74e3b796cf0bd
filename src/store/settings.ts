import { eq } from 'drizzle-orm';
import { type Context, write } from './context.ts';
import { settings } from './schema.ts';
import type { Store } from './types.ts';

export function createSettings(context: Context): Store['settings'] {
  return {
    get: async <T>(name: string) => {
      const [row] = await context.db.select().from(settings).where(eq(settings.name, name));
      return (row?.value as { value: T } | undefined)?.value;
    },
    put: async (name, value, audit) => {
      await write(context, audit, false, async (tx) => {
        // Wrapped, because a bare null would be a missing value and not JSON's.
        const wrapped = { value };
        await tx
          .insert(settings)
          .values({ name, value: wrapped })
          .onConflictDoUpdate({ target: settings.name, set: { value: wrapped } });
        return true;
      });
    },
  };
}
