import { type ReactNode, useId } from 'react';

interface Props {
  title: string;
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A part of a page: a rule, a heading, what belongs to it. */
export function Section({ title, aside, className = '', children }: Props) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={`border-t border-rule-2 pt-3 ${className}`}>
      <div className="mb-3 flex min-h-8 flex-wrap items-center justify-between gap-x-6 gap-y-1">
        <h2 id={id} className="text-base font-semibold">
          {title}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
