import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/client.ts';
import { useBarometer, useOperations } from '../../api/queries.ts';
import { isSignedIn } from '../../api/session.ts';
import { Shell } from '../../app/shell.tsx';
import { useFormat } from '../../app/use-format.ts';
import { useLive } from '../../app/use-live.ts';
import { type RangeName, rangeOf } from '../../lib/time.ts';
import { Failed, Loading } from '../../ui/states.tsx';
import { Budgets } from './budgets.tsx';
import { FirstCall } from './first-call.tsx';
import { LiveStatus, LostConnection } from './live-status.tsx';
import { Operations } from './operations.tsx';
import { Readings } from './readings.tsx';
import { Timeline } from './timeline.tsx';
import { Usage } from './usage.tsx';

interface Props {
  onSignOut(): void;
  /** The server no longer knows the session. */
  onSessionLost(): void;
}

export function BarometerPage({ onSignOut, onSessionLost }: Props) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const barometer = useBarometer();
  const operations = useOperations();
  const [rangeName, setRangeName] = useState<RangeName>('24h');

  // A stream that breaks tells no reason; only a question of our own shows whether the session is what ended.
  const live = useLive(() => {
    void isSignedIn().then(
      (signedIn) => signedIn || onSessionLost(),
      () => {},
    );
  });

  useEffect(
    () =>
      queries.getQueryCache().subscribe(({ query }) => {
        if (query.state.error instanceof ApiError && query.state.error.isSignedOut) onSessionLost();
      }),
    [queries, onSessionLost],
  );

  const timezone = barometer.data?.timezone;
  const format = useFormat(timezone);
  // Once a minute is enough for hours and days; the barometer itself moves each second.
  const minute_ms = Math.floor((barometer.data ? Date.parse(barometer.data.at) : 0) / 60_000) * 60_000;
  const range = useMemo(
    () => (timezone ? rangeOf(rangeName, minute_ms, timezone) : undefined),
    [rangeName, minute_ms, timezone],
  );
  const empty = barometer.data?.requests.total === 0 && operations.data?.length === 0;

  return (
    <Shell page={t('barometer.title')} onSignOut={onSignOut} status={<LiveStatus state={live.state} />}>
      {live.state === 'offline' && (
        <LostConnection
          at={live.lastAt_ms === undefined ? undefined : format.clock(live.lastAt_ms)}
          onRetry={live.retry}
        />
      )}
      {barometer.data ? (
        <Readings barometer={barometer.data} format={format} />
      ) : (
        <ReadingsPending error={barometer.error} onRetry={() => void barometer.refetch()} />
      )}
      {empty ? (
        <FirstCall />
      ) : (
        range && (
          <div className="grid gap-x-10 gap-y-8 lg:grid-cols-12">
            <Timeline className="lg:col-span-12" range={range} onRange={setRangeName} format={format} />
            <Usage className="min-w-0 lg:col-span-8" range={range} format={format} />
            <Budgets className="min-w-0 lg:col-span-4" format={format} />
            <Operations className="min-w-0 lg:col-span-12" operations={operations} fresh={live.fresh} format={format} />
          </div>
        )
      )}
    </Shell>
  );
}

function ReadingsPending({ error, onRetry }: { error: Error | null; onRetry(): void }) {
  return (
    <div className="py-8">{error ? <Failed error={error} onRetry={onRetry} /> : <Loading rows={3} height={44} />}</div>
  );
}
