import { useTranslation } from 'react-i18next';

const TONES: Record<string, string> = {
  completed: 'text-ink-2',
  cut: 'text-warn',
  aborted: 'text-warn',
  broken: 'text-bad',
  failed: 'text-bad',
};
/** Shape tells it too, for those who do not see the colour. */
const SIGNS: Record<string, string> = { completed: '●', cut: '◐', aborted: '◐', broken: '✕', failed: '✕', passed: '○' };

/** How an operation or attempt ended. */
export function Status({ value }: { value: string }) {
  const { t } = useTranslation();
  return (
    <span className={`inline-flex items-baseline gap-1.5 whitespace-nowrap ${TONES[value] ?? 'text-ink-2'}`}>
      <span aria-hidden="true" className={`text-[0.5625rem] ${value === 'completed' ? 'text-accent' : ''}`}>
        {SIGNS[value] ?? '○'}
      </span>
      {t(`status.${value}`, { defaultValue: value })}
    </span>
  );
}
