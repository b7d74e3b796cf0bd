import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './button.tsx';
import { CloseIcon } from './icons.tsx';

/** A sheet at the page's edge. The browser's own dialog keeps the focus inside, closes on Escape and gives the focus back. */
export function Drawer({ title, onClose, children }: { title: string; onClose(): void; children: ReactNode }) {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();

  // Before the dialog leaves the page: closing it is what gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it; the click outside is for the mouse
    <dialog
      ref={dialog}
      aria-labelledby={id}
      className="sheet overflow-y-auto border-l border-rule-2 bg-raised text-ink"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className="px-5 pt-4 pb-10 sm:px-7">
        <div className="flex items-center justify-between">
          <h2 id={id} className="text-lg font-semibold">
            {title}
          </h2>
          <Button kind="icon" aria-label={t('operation.close')} onClick={onClose}>
            <CloseIcon />
          </Button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
