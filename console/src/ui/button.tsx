import type { ButtonHTMLAttributes } from 'react';

const KINDS = {
  primary: 'bg-accent text-on-accent px-4 py-2 rounded-[3px] font-medium disabled:opacity-60',
  plain: 'border border-rule-2 px-3 py-1 rounded-[3px] hover:border-ink-3',
  link: 'text-accent underline decoration-1 underline-offset-4 hover:decoration-2',
  icon: 'inline-flex min-w-8 h-8 items-center justify-center px-1.5 rounded-[3px] text-ink-2 hover:text-ink hover:bg-sunken',
} as const;

export function Button({
  kind = 'plain',
  className = '',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: keyof typeof KINDS }) {
  return <button type="button" {...rest} className={`${KINDS[kind]} ${className}`} />;
}
