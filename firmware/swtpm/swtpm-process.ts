/**
 * A software TPM as a process: TPM 2.0 on two TCP ports of loopback that follow one another, data and control, as
 * tpm2-tools expect it. It ends with the process that started it, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { MsecError } from '../../engine/base/index.ts';
import { connectSocket, tpmDown } from '../tpm/index.ts';

export interface SwtpmProcess {
  readonly port: number;
  /** As openTpmAddress and tpm2-tools take it. */
  readonly address: string;
  /** As a loss of power does. */
  kill(): Promise<void>;
}

const HOST = '127.0.0.1';
const ATTEMPTS_MAX = 5;
/** As swtpm says it where another one has the folder of the state. */
const LOCKED = /could not lock access to lockfile/i;
/** TPM2_GetCapability of TPM_PT_FAMILY_INDICATOR: any answer to it will do. */
const ASK_FAMILY = Buffer.from('8001000000160000017a000000060000010000000001', 'hex');
const ANSWER_MS_MAX = 60_000;
const KEPT_OUTPUT_CHARS = 10_000;
/**
 * The shell between us kills swtpm as soon as its own input ends, which also happens when this process is killed and can
 * do nothing any more.
 */
const GUARD = 'exec 3<&0; "$@" 0</dev/null 3<&- & tpm=$!; { cat <&3; kill -9 $tpm; } >/dev/null 2>&1 & wait $tpm';

/** `state`: the folder of its state, which exists. On `port`, or any free one. TPM_TAKEN, DEPENDENCY_DOWN where it does not start. */
export async function startSwtpm(program: string, state: string, port?: number): Promise<SwtpmProcess> {
  for (let attempt = 1; ; attempt++) {
    const data = port ?? (await freePortPair());
    try {
      return await startOn(program, state, data);
    } catch (error) {
      // Somebody else has taken a port in between.
      if (attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

async function startOn(program: string, state: string, port: number): Promise<SwtpmProcess> {
  const channel = (number: number) => `type=tcp,port=${number},bindaddr=${HOST}`;
  const args = ['socket', '--tpm2', '--tpmstate', `dir=${state}`, '--flags', 'not-need-init,startup-clear'];
  args.push('--server', channel(port), '--ctrl', channel(port + 1));
  const child = spawn('/bin/sh', ['-c', GUARD, 'sh', program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  let output = '';
  const keep = (bytes: Buffer) => {
    output = (output + bytes.toString()).slice(-KEPT_OUTPUT_CHARS);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  // Not `exit`: what it has said may come behind that.
  const ended = once(child, 'close');
  const kill = async () => {
    child.stdin.end();
    await ended;
  };
  try {
    await answering(port, child);
  } catch (cause) {
    await kill();
    if (LOCKED.test(output))
      throw new MsecError('TPM_TAKEN', `another process holds the software TPM in ${state}`, { cause });
    throw tpmDown(`swtpm did not start: ${output.trim()}`, cause);
  }
  return { port, address: `swtpm:host=${HOST},port=${port}`, kill };
}

async function answering(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it has ended');
    try {
      const transport = await connectSocket({ host: HOST, port });
      try {
        // A connection alone proves nothing: the port is open before the state is locked and read.
        await transport.transmit(ASK_FAMILY, ANSWER_MS_MAX);
        return;
      } finally {
        await transport.close();
      }
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
  server.listen(port, HOST);
  await once(server, 'listening');
  return server;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
