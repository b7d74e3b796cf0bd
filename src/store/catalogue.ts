import { asc, eq } from 'drizzle-orm';
import { type Context, write } from './context.ts';
import { toRecords } from './rows.ts';
import { aliases, providers } from './schema.ts';
import type { Store } from './types.ts';

export function createProviders(context: Context): Store['providers'] {
  return {
    list: async () =>
      toRecords(await context.db.select().from(providers).orderBy(asc(providers.createdAt_ms), asc(providers.name))),
    put: async (provider, audit) => {
      await write(context, audit, true, async (tx) => {
        const { name, config } = provider;
        // A put without a secret takes the old one away, and the date of the first put stays.
        const sealed = provider.sealed ?? null;
        await tx
          .insert(providers)
          .values({ name, config, sealed, createdAt_ms: provider.createdAt_ms })
          .onConflictDoUpdate({ target: providers.name, set: { config, sealed } });
        return true;
      });
    },
    remove: (name, audit) =>
      write(context, audit, true, async (tx) => {
        const gone = await tx.delete(providers).where(eq(providers.name, name)).returning({ name: providers.name });
        return gone.length > 0;
      }),
  };
}

export function createAliases(context: Context): Store['aliases'] {
  return {
    list: async () =>
      toRecords(await context.db.select().from(aliases).orderBy(asc(aliases.createdAt_ms), asc(aliases.name))),
    put: async (alias, audit) => {
      await write(context, audit, true, async (tx) => {
        await tx
          .insert(aliases)
          .values(alias)
          .onConflictDoUpdate({ target: aliases.name, set: { config: alias.config } });
        return true;
      });
    },
    remove: (name, audit) =>
      write(context, audit, true, async (tx) => {
        const gone = await tx.delete(aliases).where(eq(aliases.name, name)).returning({ name: aliases.name });
        return gone.length > 0;
      }),
  };
}
