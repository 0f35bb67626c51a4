/** Writes docs/reference/config.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configReference } from './reference.ts';

const target = new URL('../../docs/reference/config.md', import.meta.url);
mkdirSync(fileURLToPath(new URL('.', target)), { recursive: true });
writeFileSync(target, configReference());
