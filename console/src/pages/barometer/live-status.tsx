import { useTranslation } from 'react-i18next';
import type { LiveState } from '../../api/live.ts';
import { Button } from '../../ui/button.tsx';

const DOTS: Record<LiveState, string> = { live: 'bg-accent', connecting: 'border border-ink-3', offline: 'bg-bad' };

export function LiveStatus({ state }: { state: LiveState }) {
  const { t } = useTranslation();
  return (
    <span role="status" data-live={state} className="flex items-center gap-2 text-sm text-ink-2">
      <span aria-hidden="true" className={`size-2 rounded-full ${DOTS[state]}`} />
      {t(`live.${state}`)}
    </span>
  );
}

export function LostConnection({ at, onRetry }: { at: string | undefined; onRetry(): void }) {
  const { t } = useTranslation();
  return (
    <div
      role="alert"
      className="mt-4 flex flex-wrap items-baseline gap-x-4 border-l-2 border-bad bg-bad-wash px-3 py-2 text-sm"
    >
      <p>{at ? t('live.lost', { time: at }) : t('live.lost_no_time')}</p>
      <Button kind="link" onClick={onRetry}>
        {t('live.retry')}
      </Button>
    </div>
  );
}
