import { loadConfig } from '../config.ts';
import { startServer } from '../server.ts';

const config = loadConfig({ port: process.argv.includes('--port') ? Number(process.argv[process.argv.indexOf('--port') + 1]) : undefined });
const server = await startServer(config, { version: '0.1.0', onProgress: (message) => console.error(message) });
console.log(server.url, server.adminKey, server.recovered);
process.on('SIGTERM', () => void server.close());
process.on('SIGINT', () => void server.close());
