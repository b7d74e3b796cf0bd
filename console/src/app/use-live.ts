import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { type LiveState, type LiveStream, openLive } from '../api/live.ts';
import { liveRowOf, mergeRows, type OperationRow } from '../api/operation-rows.ts';
import type { Names } from '../api/queries.ts';
import type { BarometerView, LiveSnapshot } from '../api/wire.ts';

/** Reports are sums over the ledger: asked for again at most this often while calls come in. */
const REPORT_EVERY_MS = 5000;
/** Rows are put on the page in groups: a busy gateway settles more than a screen can draw. */
const DRAW_EVERY_MS = 250;

export interface Live {
  state: LiveState;
  /** When the last event came, of the server's clock. */
  lastAt_ms?: number;
  /** Ids that came in over the stream; their rows are shown as fresh. */
  fresh: ReadonlySet<string>;
  retry(): void;
}

/** Keeps the barometer, the list of operations and the reports in step with the server. `onBreak`: the stream broke, perhaps with the session. */
export function useLive(onBreak: () => void): Live {
  const queries = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  const [lastAt_ms, setLastAt] = useState<number>();
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const stream = useRef<LiveStream>(undefined);
  const broke = useRef(onBreak);
  broke.current = onBreak;

  useEffect(() => {
    let waiting: OperationRow[] = [];
    let draw: ReturnType<typeof setTimeout> | undefined;
    let report: ReturnType<typeof setTimeout> | undefined;
    let wasOffline = false;

    const refresh = (): void => {
      for (const name of ['usage', 'budgets', 'barometer']) void queries.invalidateQueries({ queryKey: [name] });
    };
    const drawRows = (): void => {
      draw = undefined;
      const rows = waiting;
      waiting = [];
      setFresh(new Set(rows.map((row) => row.id)));
      queries.setQueryData<OperationRow[]>(['operations'], (known) => mergeRows(rows, known ?? []));
      if (hasNewKey(rows, queries.getQueryData<Names>(['names'])))
        void queries.invalidateQueries({ queryKey: ['names'] });
      report ??= setTimeout(() => {
        report = undefined;
        // A page that nobody looks at asks when it is looked at again.
        if (!document.hidden) refresh();
      }, REPORT_EVERY_MS);
    };

    stream.current = openLive('/admin/v1/live', {
      onState(next) {
        setState(next);
        if (next === 'offline') wasOffline = true;
        if (next !== 'live' || !wasOffline) return;
        wasOffline = false;
        void queries.invalidateQueries();
      },
      onBarometer(snapshot) {
        setLastAt(Date.parse(snapshot.at));
        queries.setQueryData<BarometerView>(['barometer'], (known) => known && withSnapshot(known, snapshot));
      },
      onOperation(operation) {
        waiting.push(liveRowOf(operation));
        draw ??= setTimeout(drawRows, DRAW_EVERY_MS);
      },
      onBreak: () => broke.current(),
    });
    return () => {
      stream.current?.close();
      clearTimeout(draw);
      clearTimeout(report);
    };
  }, [queries]);

  const retry = useCallback(() => stream.current?.retry(), []);
  return { state, lastAt_ms, fresh, retry };
}

function withSnapshot(known: BarometerView, snapshot: LiveSnapshot): BarometerView {
  return {
    ...known,
    at: snapshot.at,
    tokens: snapshot.tokens,
    requests: snapshot.requests,
    per_minute: snapshot.per_minute,
    open: snapshot.open,
  };
}

function hasNewKey(rows: readonly OperationRow[], names: Names | undefined): boolean {
  return names !== undefined && rows.some((row) => row.key !== 'admin' && !names.key.has(row.key));
}
