/** What `openssl speed` verifies: the ceiling of signatures, which no engine can pass. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** ECDSA P-256 verifications a second of so many processes together. */
export async function opensslVerify(processes: number, seconds: number): Promise<number> {
  const args = ['speed', '-multi', String(processes), '-seconds', String(seconds), 'ecdsap256'];
  const { stdout } = await run('openssl', args);
  const line = stdout.split('\n').find((text) => text.includes('nistp256'));
  const perSecond = Number(line?.trim().split(/\s+/).at(-1));
  if (!(perSecond > 0)) throw new Error(`openssl speed printed no figure: ${stdout}`);
  return perSecond;
}
