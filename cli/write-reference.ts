/** Writes docs/reference/cli.md, config.md and keywords.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cliReference } from './cli-reference.ts';
import { configReference } from './config/index.ts';
import { keywordsDocument } from './keywords-reference.ts';

const folder = fileURLToPath(new URL('../docs/reference/', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}cli.md`, cliReference());
writeFileSync(`${folder}config.md`, configReference());
writeFileSync(`${folder}keywords.md`, keywordsDocument());
