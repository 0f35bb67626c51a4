/** Writes docs/reference/cli.md and docs/reference/config.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cliReference } from './cli-reference.ts';
import { configReference } from './config/index.ts';

const folder = fileURLToPath(new URL('../docs/reference/', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}cli.md`, cliReference());
writeFileSync(`${folder}config.md`, configReference());
