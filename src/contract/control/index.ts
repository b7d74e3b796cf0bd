/** Zod schemas of the control plane's wire, shared by http, cli and console. */
export * from './accounts.ts';
export * from './budgets.ts';
export * from './common.ts';
export * from './operations.ts';
export * from './reflex.ts';
export * from './routing.ts';
export * from './usage.ts';
