/**
 * A real swtpm for tests, its state in a temporary folder, killed when the test ends, however it ends. Needs
 * `needs(t, 'swtpm')`; tpm2-tools speak to it by `tool`. One client at a time: whoever holds the connection keeps the
 * tools out.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findSwtpm, manufacture, startSwtpm as startProcess } from '../../firmware/swtpm/index.ts';
import { connectSocket, Tpm, type TpmOptions } from '../../firmware/tpm/index.ts';
import { freePorts } from './free-ports.ts';
import { programPath } from './needs.ts';

const run = promisify(execFile);

export interface Swtpm {
  readonly host: string;
  readonly port: number;
  /** Of the files that tools read and write. */
  readonly folder: string;
  /** As tpm2-tools and openTpmAddress take it. */
  readonly address: string;
  /** A connection of our own, closed by the caller. */
  open(options?: TpmOptions): Promise<Tpm>;
  /** Runs one of tpm2-tools in `folder`; its standard output. Throws where it fails. */
  tool(name: string, ...args: readonly string[]): Promise<string>;
  file(name: string): Buffer;
  /** The path of a file that is written with these bytes. */
  write(name: string, bytes: Uint8Array | string): string;
  /** Ends the process and starts it anew on the same state, as a loss of power does. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface SwtpmOptions {
  /** With a maker's CA, and endorsement keys certified by it: some seconds more, and `swtpm_setup` and `swtpm_localca`. */
  readonly withCertificates?: boolean;
}

export async function startSwtpm({ withCertificates = false }: SwtpmOptions = {}): Promise<Swtpm> {
  const folder = mkdtempSync(join(tmpdir(), 'msec-swtpm-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const state = join(folder, 'state');
  const program = programPath('swtpm');
  try {
    if (withCertificates) await manufacture(findSwtpm(process.env.PATH ?? '')!, { state, ca: join(folder, 'ca') });
    else mkdirSync(state);
    const [port = 0] = await freePorts(2);
    let device = await startProcess(program, state, port);
    const { address } = device;
    return {
      host: '127.0.0.1',
      port,
      folder,
      address,
      open: async (options) => Tpm.open(await connectSocket({ host: '127.0.0.1', port }), options),
      tool: async (name, ...args) => {
        const env = { ...process.env, TPM2TOOLS_TCTI: address };
        // Beside tpm2_sign, which `needs(t, 'tpm2_sign')` asks for.
        const { stdout } = await run(join(programPath('tpm2_sign'), '..', name), args, { cwd: folder, env });
        return stdout;
      },
      file: (name) => readFileSync(join(folder, name)),
      write(name, bytes) {
        writeFileSync(join(folder, name), bytes);
        return join(folder, name);
      },
      async restart() {
        await device.kill();
        device = await startProcess(program, state, port);
      },
      async stop() {
        await device.kill();
        process.removeListener('exit', remove);
        remove();
      },
    };
  } catch (error) {
    process.removeListener('exit', remove);
    remove();
    throw error;
  }
}
