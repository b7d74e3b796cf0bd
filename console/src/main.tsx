import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueryClient } from './api/query-client.ts';
import { App } from './app/app.tsx';
import { FaultBoundary } from './app/fault-boundary.tsx';
import { applyLocale, applyTheme, readLocale, readTheme } from './app/preferences.ts';
import { startI18n } from './i18n/index.ts';
import './styles.css';

const locale = readLocale();
applyTheme(readTheme());
applyLocale(locale);
startI18n(locale);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <FaultBoundary>
      <QueryClientProvider client={createQueryClient()}>
        <App />
      </QueryClientProvider>
    </FaultBoundary>
  </StrictMode>,
);
