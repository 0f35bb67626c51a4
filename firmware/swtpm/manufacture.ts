/**
 * Does to a software TPM what a maker does to a chip: makes its endorsement keys and leaves certificates of them in NV,
 * signed by a CA that lies beside it (swtpm_setup --create-ek-cert). Some seconds, once for each TPM.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tpmDown } from '../tpm/index.ts';
import type { SwtpmPrograms } from './swtpm-programs.ts';

const run = promisify(execFile);
const TIME_LIMIT_MS = 120_000;

/** Of the CA in this folder, in PEM: its root, and what signs the certificates. */
export function makersCertificates(ca: string): string {
  const read = (name: string) => readFileSync(join(ca, name), 'utf8');
  return read('swtpm-localca-rootca-cert.pem') + read('issuercert.pem');
}

export interface ManufactureFolders {
  /** Of the TPM: made, or empty. */
  readonly state: string;
  /** Of its maker, who may make several, also at once: swtpm_localca locks it. */
  readonly ca: string;
}

/** DEPENDENCY_DOWN where a tool fails; nothing of the TPM stays then. */
export async function manufacture(programs: SwtpmPrograms, { state, ca }: ManufactureFolders): Promise<void> {
  for (const made of [state, ca]) mkdirSync(made, { recursive: true, mode: 0o700 });
  // Whole at any moment: another TPM of this maker may be in the making.
  const file = (name: string, lines: readonly string[]): string => {
    const path = join(ca, name);
    writeFileSync(`${path}.new`, `${lines.join('\n')}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return path;
  };
  const localca = file('localca.conf', [
    `statedir = ${ca}`,
    `signingkey = ${join(ca, 'signkey.pem')}`,
    `issuercert = ${join(ca, 'issuercert.pem')}`,
    `certserial = ${join(ca, 'certserial')}`,
  ]);
  const options = file('localca.options', [
    '--platform-manufacturer msec',
    '--platform-version 1',
    '--platform-model swtpm',
  ]);
  const setup = file('setup.conf', [
    `create_certs_tool = ${programs.swtpm_localca}`,
    `create_certs_tool_config = ${localca}`,
    `create_certs_tool_options = ${options}`,
  ]);
  const args = ['--tpm2', '--tpmstate', state, '--config', setup, '--tpm', `${programs.swtpm} socket`];
  try {
    await run(programs.swtpm_setup, [...args, '--create-ek-cert', '--ecc'], { timeout: TIME_LIMIT_MS });
  } catch (cause) {
    rmSync(state, { recursive: true, force: true });
    const { stdout = '', message } = cause as { stdout?: string; message: string };
    throw tpmDown(`swtpm_setup failed: ${stdout.trim().split('\n').at(-1) || message}`, cause);
  }
}
