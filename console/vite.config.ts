import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `vite` finds the server while the console is being worked on; `npm run mock` serves the same shapes without one. */
const SERVER = 'http://127.0.0.1:8787';

export default defineConfig({
  base: '/console/',
  plugins: [react(), tailwindcss()],
  build: {
    target: 'es2022',
    // The page's policy allows neither inline scripts nor data: fonts, and an inlined asset would need one of them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  server: { proxy: { '/admin': SERVER, '/v1': SERVER } },
});
