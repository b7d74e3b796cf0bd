import { and, asc, desc, eq, inArray } from 'drizzle-orm';
import type { Invoice, InvoiceLine } from '../contract/records.ts';
import { type Context, write } from './context.ts';
import { insertPosting } from './postings.ts';
import { toRecord } from './rows.ts';
import { invoiceLines, invoices } from './schema.ts';
import type { Store } from './types.ts';

const CHUNK = 1_000;

export function createInvoices(context: Context): Store['invoices'] {
  const { db } = context;
  return {
    list: async (query = {}) =>
      withLines(
        context,
        await db
          .select()
          .from(invoices)
          .where(
            and(
              query.organisation === undefined ? undefined : eq(invoices.organisation, query.organisation),
              query.project === undefined ? undefined : eq(invoices.project, query.project),
            ),
          )
          .orderBy(desc(invoices.createdAt_ms), desc(invoices.id)),
      ),
    get: async (id) => (await withLines(context, await db.select().from(invoices).where(eq(invoices.id, id))))[0],
    create: async (invoice, posting, audit) => {
      await write(context, audit, false, async (tx) => {
        const { lines, ...head } = invoice;
        await tx.insert(invoices).values(head);
        for (let start = 0; start < lines.length; start += CHUNK) {
          const chunk = lines.slice(start, start + CHUNK);
          await tx
            .insert(invoiceLines)
            .values(chunk.map((line, index) => ({ ...line, invoice: invoice.id, line: start + index })));
        }
        if (posting) await insertPosting(tx, posting);
        return true;
      });
    },
  };
}

async function withLines({ db }: Context, heads: (typeof invoices.$inferSelect)[]): Promise<Invoice[]> {
  const lines = new Map<string, InvoiceLine[]>(heads.map((head) => [head.id, []]));
  if (heads.length > 0) {
    const rows = await db
      .select()
      .from(invoiceLines)
      .where(inArray(invoiceLines.invoice, [...lines.keys()]))
      .orderBy(asc(invoiceLines.invoice), asc(invoiceLines.line));
    for (const { invoice, description, operations, amount_pico } of rows)
      lines.get(invoice)!.push({ description, operations, amount_pico });
  }
  return heads.map((head) => ({ ...toRecord<Omit<Invoice, 'lines'>>(head), lines: lines.get(head.id)! }));
}
