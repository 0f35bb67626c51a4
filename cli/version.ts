/** The version of package.json, wherever this file lies. */
import { readFileSync } from 'node:fs';

function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (name === 'msec' && typeof version === 'string') return version;
    } catch {
      // Built, the sources lie one folder deeper.
    }
  }
  return 'unknown';
}

export const VERSION: string = readVersion();
