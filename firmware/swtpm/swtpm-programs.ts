/** Where Debian's swtpm and its tools lie on this machine; daemons may lie in /usr/sbin, outside a user's PATH. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export const SWTPM_PROGRAMS = ['swtpm', 'swtpm_setup', 'swtpm_localca'] as const;
export type SwtpmProgram = (typeof SWTPM_PROGRAMS)[number];
export type SwtpmPrograms = Readonly<Record<SwtpmProgram, string>>;

/** null where one of them is missing; on Debian the packages swtpm and swtpm-tools have them. */
export function findSwtpm(path: string): SwtpmPrograms | null {
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin'].filter((folder) => folder !== '');
  const found = SWTPM_PROGRAMS.map((name) => folders.map((folder) => join(folder, name)).find(isExecutable));
  if (found.some((file) => file === undefined)) return null;
  return Object.fromEntries(SWTPM_PROGRAMS.map((name, i) => [name, found[i]!])) as Record<SwtpmProgram, string>;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
