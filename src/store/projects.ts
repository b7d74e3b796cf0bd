import { asc, eq } from 'drizzle-orm';
import type { Project } from '../contract/records.ts';
import { type Context, write } from './context.ts';
import { changed, toRecord, toRecords } from './rows.ts';
import { projects } from './schema.ts';
import type { Store } from './types.ts';

export function createProjects(context: Context): Store['projects'] {
  const { db } = context;
  const get = async (id: string): Promise<Project | undefined> => {
    const [row] = await db.select().from(projects).where(eq(projects.id, id));
    return row && toRecord<Project>(row);
  };
  return {
    get,
    list: async (query = {}) => {
      const where = query.organisation === undefined ? undefined : eq(projects.organisation, query.organisation);
      return toRecords(
        await db.select().from(projects).where(where).orderBy(asc(projects.createdAt_ms), asc(projects.id)),
      );
    },
    create: async (project, audit) => {
      await write(context, audit, true, async (tx) => {
        await tx.insert(projects).values(project);
        return true;
      });
    },
    update: async (id, change, audit) => {
      const set = changed(change);
      if (!set) return get(id);
      return write(context, audit, true, async (tx) => {
        const [row] = await tx.update(projects).set(set).where(eq(projects.id, id)).returning();
        return row && toRecord<Project>(row);
      });
    },
  };
}
