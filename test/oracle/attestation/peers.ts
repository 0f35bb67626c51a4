/** The other verifiers: Keylime from pip, go-attestation built by Go from its module. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programPath } from '../../support/needs.ts';

const run = promisify(execFile);

/** Its wheel names none of what it imports. */
export const KEYLIME_PACKAGES: readonly string[] = [
  'keylime==7.14.3',
  'cryptography==50.0.2',
  'jsonschema==4.26.0',
  'lark==1.3.1',
  'packaging==26.4',
  'pyasn1==0.6.5',
  'pyasn1_modules==0.4.2',
  'PyYAML==6.0.4',
];

export const keylimeProgram = (): string => readFileSync(join(import.meta.dirname, 'keylime_peer.py'), 'utf8');

/** The program, in `folder`. */
export async function buildGoAttestation(folder: string): Promise<string> {
  const program = join(folder, 'go-attestation');
  await run(programPath('go'), ['build', '-o', program, '.'], { cwd: import.meta.dirname });
  return program;
}
