/** Drawn on a grid of 16, one stroke. Each is decoration: what it stands beside bears the name. */
const frame = { width: 16, height: 16, viewBox: '0 0 16 16', fill: 'none', stroke: 'currentColor', strokeWidth: 1.4, strokeLinecap: 'round', strokeLinejoin: 'round', 'aria-hidden': true } as const;

export function MarkIcon() {
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" fill="none" aria-hidden="true">
      <path d="M3 5.500h16M11 5.500v13" stroke="var(--accent)" strokeWidth="2.4" />
      <path d="M4.500 10.500v3M7.700 10.500v3M14.300 10.500v3M17.500 10.500v3" stroke="var(--accent-2)" strokeWidth="1.600" />
    </svg>
  );
}

export function SunIcon() {
  return (
    <svg {...frame}>
      <circle cx="8" cy="8" r="2.800" />
      <path d="M8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M3.400 12.600l.9-.9M11.700 4.300l.9-.9" />
    </svg>
  );
}

export function MoonIcon() {
  return (
    <svg {...frame}>
      <path d="M13.300 9.800A5.800 5.800 0 0 1 6.200 2.700a5.800 5.800 0 1 0 7.100 7.100Z" />
    </svg>
  );
}

export function SystemIcon() {
  return (
    <svg {...frame}>
      <circle cx="8" cy="8" r="5.700" />
      <path d="M8 2.300a5.700 5.700 0 0 1 0 11.400Z" fill="currentColor" stroke="none" />
    </svg>
  );
}

export function ExitIcon() {
  return (
    <svg {...frame}>
      <path d="M6.300 2.500H3.200v11h3.100M7 8h6.500M11 5.300 13.700 8 11 10.700" />
    </svg>
  );
}

export function CloseIcon() {
  return (
    <svg {...frame}>
      <path d="m3.500 3.500 9 9M12.500 3.500l-9 9" />
    </svg>
  );
}

export function LockIcon() {
  return (
    <svg {...frame} width={11} height={11}>
      <path d="M3.500 7h9v6.500h-9zM5.300 7V4.800a2.700 2.700 0 0 1 5.400 0V7" />
    </svg>
  );
}
