import { useTranslation } from 'react-i18next';
import { firstCurl, KEY_FILE } from '../../lib/first-curl.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Section } from '../../ui/section.tsx';

const CODE = 'mt-4 overflow-x-auto border-l-2 border-accent bg-sunken px-4 py-3 font-mono text-xs leading-6';

/** What stands in the place of figures while there are none. */
export function FirstCall() {
  const { t } = useTranslation();
  const curl = firstCurl(location.origin);
  return (
    <Section
      title={t('first.title')}
      aside={<CopyButton text={curl} label={t('first.copy')} done={t('first.copied')} />}
    >
      <p className="max-w-prose text-ink-2">{t('first.lead')}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways on a phone, and has to with the keyboard too */}
      <pre tabIndex={0} className={CODE}>
        <code>{curl}</code>
      </pre>
      <p className="mt-3 text-sm text-ink-3">{t('first.key_note', { path: KEY_FILE })}</p>
    </Section>
  );
}
