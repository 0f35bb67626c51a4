/**
 * A real swtpm for tests: TPM 2.0 over TCP on loopback, its state in a temporary folder, killed when the test ends,
 * however it ends. Needs `needs(t, 'swtpm')`; tpm2-tools speak to it by `tool`. One client at a time: whoever holds the
 * connection keeps the tools out.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectSocket, Tpm, type TpmOptions } from '../../firmware/tpm/index.ts';
import { programPath } from './needs.ts';

const run = promisify(execFile);
const KEPT_OUTPUT_CHARS = 10_000;

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
  /** Makes a local CA, an endorsement key, its certificate in NV. RSA-2048 as well as P-256: some seconds. */
  readonly withCertificates?: boolean;
}

export async function startSwtpm({ withCertificates = false }: SwtpmOptions = {}): Promise<Swtpm> {
  const folder = mkdtempSync(join(tmpdir(), 'msec-swtpm-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const state = join(folder, 'state');
  mkdirSync(state);
  try {
    if (withCertificates) await manufacture(folder, state);
    let device = await start(state);
    const { port } = device;
    const address = `swtpm:host=127.0.0.1,port=${port}`;
    return {
      host: '127.0.0.1',
      port,
      folder,
      address,
      open: async (options) => Tpm.open(await connectSocket({ host: '127.0.0.1', port }), options),
      tool: async (name, ...args) => {
        const { stdout } = await run(toolPath(name), args, {
          cwd: folder,
          env: { ...process.env, TPM2TOOLS_TCTI: address },
        });
        return stdout;
      },
      file: (name) => readFileSync(join(folder, name)),
      write(name, bytes) {
        writeFileSync(join(folder, name), bytes);
        return join(folder, name);
      },
      async restart() {
        await device.kill();
        device = await start(state, port);
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

/** Beside tpm2_sign, which `needs(t, 'tpm2_sign')` asks for. */
function toolPath(name: string): string {
  return join(programPath('tpm2_sign'), '..', name);
}

/** What a maker of TPMs does: swtpm_setup with a CA in this folder alone. */
async function manufacture(folder: string, state: string): Promise<void> {
  const ca = join(folder, 'ca');
  mkdirSync(ca);
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const localca = file(
    'localca.conf',
    [
      `statedir = ${ca}`,
      `signingkey = ${join(ca, 'signkey.pem')}`,
      `issuercert = ${join(ca, 'issuercert.pem')}`,
      `certserial = ${join(ca, 'certserial')}`,
      '',
    ].join('\n'),
  );
  const options = file(
    'localca.options',
    ['--platform-manufacturer msec', '--platform-version 1', '--platform-model test', ''].join('\n'),
  );
  const setup = file(
    'setup.conf',
    [
      `create_certs_tool = ${programPath('swtpm_localca')}`,
      `create_certs_tool_config = ${localca}`,
      `create_certs_tool_options = ${options}`,
      '',
    ].join('\n'),
  );
  const args = ['--tpm2', '--tpmstate', state, '--config', setup, '--create-ek-cert', '--ecc', '--overwrite'];
  await run(programPath('swtpm_setup'), args, { env: { ...process.env, XDG_CONFIG_HOME: folder } });
}

interface Device {
  readonly port: number;
  kill(): Promise<void>;
}

/** The data port is even or odd as it comes; tpm2-tools take the one after it for control. */
async function start(state: string, port?: number): Promise<Device> {
  for (let attempt = 1; ; attempt++) {
    const data = port ?? (await freePortPair());
    try {
      return await startOn(state, data);
    } catch (error) {
      // Somebody else has taken a port in between.
      if (attempt === 5) throw error;
    }
  }
}

async function startOn(state: string, port: number): Promise<Device> {
  const args = [
    'socket',
    '--tpm2',
    '--tpmstate',
    `dir=${state}`,
    '--server',
    `type=tcp,port=${port},bindaddr=127.0.0.1`,
    '--ctrl',
    `type=tcp,port=${port + 1},bindaddr=127.0.0.1`,
    '--flags',
    'not-need-init,startup-clear',
    '--seccomp',
    'action=none',
  ];
  const child = spawn(programPath('swtpm'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  let output = '';
  const keep = (bytes: Buffer) => {
    output = (output + bytes.toString()).slice(-KEPT_OUTPUT_CHARS);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = once(child, 'exit');
  await answering(port, child, () => output);
  return {
    port,
    async kill() {
      child.kill('SIGKILL');
      await exited;
      process.removeListener('exit', killAtExit);
    },
  };
}

async function answering(port: number, child: ChildProcess, output: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`swtpm ended: ${output()}`);
    try {
      const transport = await connectSocket({ host: '127.0.0.1', port });
      await transport.close();
      return;
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function freePortPair(): Promise<number> {
  for (;;) {
    const first = await listening(0);
    const { port } = first.address() as { port: number };
    const second = port < 65_535 ? await listening(port + 1).catch(() => undefined) : undefined;
    await closed(first);
    if (second === undefined) continue;
    await closed(second);
    return port;
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
