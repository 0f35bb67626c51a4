/**
 * Captures an interface through a child process that may do what this one need not: tcpdump or dumpcap, which write a capture
 * to a pipe. What the kernel and the child have lost they say at their end; it is told, and not hidden.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type CapturedPacket, CaptureReader } from '../../actors/detect/index.ts';
import { MsecError } from '../../engine/index.ts';

export interface CaptureProcessOptions {
  readonly interface: string;
  readonly filter: string | null;
  /** Called for each packet; it is good during the call only. */
  readonly take: (packet: CapturedPacket) => void;
}

/** Tried in this order. Each packet is written as soon as it is captured. */
const COMMANDS: readonly (readonly [string, (name: string, filter: string | null) => readonly string[]])[] = [
  [
    'tcpdump',
    (name, filter) => [
      '-i',
      name,
      '-n',
      '-U',
      '-s',
      '0',
      '-B',
      '8192',
      '-w',
      '-',
      ...(filter === null ? [] : ['--', filter]),
    ],
  ],
  [
    'dumpcap',
    (name, filter) => ['-i', name, '-q', '-P', '-B', '8', '-w', '-', ...(filter === null ? [] : ['-f', filter])],
  ],
];
const WORDS_MAX = 4096;
const STOP_MS = 2_000;

export class CaptureProcess {
  /** Resolves when the child has ended: null where it was told to, or why it did. Never rejects. */
  readonly ended: Promise<MsecError | null>;
  readonly #child: ChildProcess;
  #words = '';
  #isStopping = false;

  private constructor(child: ChildProcess, { take, interface: name }: CaptureProcessOptions) {
    this.#child = child;
    child.stderr?.on('data', (piece: Buffer) => {
      this.#words = (this.#words + piece.toString('latin1')).slice(-WORDS_MAX);
    });
    this.ended = this.#run(take, name);
  }

  /** DEPENDENCY_DOWN where there is neither program. */
  static async open(options: CaptureProcessOptions): Promise<CaptureProcess> {
    for (const [command, args] of COMMANDS) {
      const child = spawn(command, args(options.interface, options.filter), { stdio: ['ignore', 'pipe', 'pipe'] });
      const isThere = await new Promise<boolean>((resolve) => {
        child.once('spawn', () => resolve(true));
        child.once('error', () => resolve(false));
      });
      if (isThere) return new CaptureProcess(child, options);
    }
    throw new MsecError(
      'DEPENDENCY_DOWN',
      'neither tcpdump nor dumpcap can be started: install one of them (apt-get install tcpdump)',
    );
  }

  /** What the child has said, without its first words about what it listens to. */
  get words(): string {
    return this.#words.trim();
  }

  async close(): Promise<void> {
    this.#isStopping = true;
    this.#child.kill('SIGINT');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.ended;
    clearTimeout(late);
  }

  async #run(take: (packet: CapturedPacket) => void, name: string): Promise<MsecError | null> {
    const closed = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    let failure: MsecError | null = null;
    try {
      const reader = new CaptureReader();
      for await (const piece of this.#child.stdout!) {
        reader.push(piece as Buffer);
        while (reader.next()) take(reader.packet);
      }
    } catch (thrown) {
      failure = new MsecError('DEPENDENCY_DOWN', `${name}: what the capture process writes is no capture`, {
        cause: thrown,
      });
      this.#child.kill('SIGKILL');
    }
    await closed;
    if (this.#isStopping) return null;
    const said = this.words.split('\n').at(-1) ?? '';
    return (
      failure ?? new MsecError('DEPENDENCY_DOWN', `the capture of ${name} has ended${said === '' ? '' : `: ${said}`}`)
    );
  }
}
