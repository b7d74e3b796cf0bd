import { useTranslation } from 'react-i18next';
import { Button } from './button.tsx';

/** Grey bars in the place of what is still coming. `rows`: how many lines it will roughly have. */
export function Loading({ rows, height = 20 }: { rows: number; height?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" className="grid gap-3 py-1">
      <span className="sr-only">{t('error.loading')}</span>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all bars are alike
        <div key={index} className="skeleton" style={{ height }} />
      ))}
    </div>
  );
}

export function Failed({ error, onRetry }: { error: Error; onRetry(): void }) {
  const { t } = useTranslation();
  return (
    <div role="alert" className="border-l-2 border-bad py-1 pl-3 text-sm">
      <p>{t('error.title')}</p>
      <p className="text-ink-2">{error.message}</p>
      <Button kind="link" className="mt-1" onClick={onRetry}>
        {t('error.retry')}
      </Button>
    </div>
  );
}

export function Nothing({ children }: { children: string }) {
  return <p className="max-w-prose py-2 text-sm text-ink-2">{children}</p>;
}
