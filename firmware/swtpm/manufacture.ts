/**
 * Does to a software TPM what a maker does to a chip: makes its endorsement keys and leaves certificates of them in NV,
 * signed by a CA that lies beside it (swtpm_setup --create-ek-cert). Some seconds, once for each TPM.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tpmDown } from '../tpm/index.ts';
import type { SwtpmPrograms } from './swtpm-programs.ts';

const run = promisify(execFile);
const TIME_LIMIT_MS = 120_000;

/** Files of the CA in `folder`, in PEM: its root, and what signs the certificates. */
export function makersCertificates(folder: string): string {
  const read = (name: string) => readFileSync(join(folder, 'ca', name), 'utf8');
  return read('swtpm-localca-rootca-cert.pem') + read('issuercert.pem');
}

/** In `folder`, which exists: `state` for the TPM, `ca` for its maker. DEPENDENCY_DOWN where a tool fails; nothing stays then. */
export async function manufacture(programs: SwtpmPrograms, folder: string): Promise<void> {
  const state = join(folder, 'state');
  const ca = join(folder, 'ca');
  for (const made of [state, ca]) mkdirSync(made, { recursive: true, mode: 0o700 });
  const file = (name: string, lines: readonly string[]): string => {
    writeFileSync(join(ca, name), `${lines.join('\n')}\n`, { mode: 0o600 });
    return join(ca, name);
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
