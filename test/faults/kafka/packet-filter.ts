/**
 * A network partition by nftables: packets to and from one port of loopback are dropped, so that TCP itself retransmits,
 * backs off and delivers late. Works in the network namespace that this process runs in, and only in one of its own:
 * `makeNamespace` gives a fresh one for a process to be started in.
 */
import { spawnSync } from 'node:child_process';
import { programPath } from '../../support/needs.ts';

const TABLE = 'msec';

export class PacketFilter {
  readonly #port: number;

  /** Makes the table; nothing is dropped yet. Throws where this process may not. */
  constructor(port: number) {
    this.#port = port;
    nft(`add table inet ${TABLE}`);
    nft(`add chain inet ${TABLE} input { type filter hook input priority 0; }`);
  }

  cut(): void {
    nft(`add rule inet ${TABLE} input tcp dport ${this.#port} drop`);
    nft(`add rule inet ${TABLE} input tcp sport ${this.#port} drop`);
  }

  heal(): void {
    nft(`flush chain inet ${TABLE} input`);
  }
}

function nft(command: string): void {
  const { status, stderr } = spawnSync(programPath('nft'), [command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`nft ${command}: ${stderr}`);
}

export interface Namespace {
  /** What stands before a command that is to run in it. */
  readonly prefix: readonly string[];
  remove(): void;
}

/** A network namespace with a loopback of its own. Throws where this process may not make one. */
export function makeNamespace(): Namespace {
  const name = `msec-${process.pid}`;
  const ip = (...args: readonly string[]) => {
    const { status, stderr } = spawnSync(programPath('ip'), args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
  };
  ip('netns', 'add', name);
  const remove = () => ip('netns', 'del', name);
  try {
    ip('-n', name, 'link', 'set', 'lo', 'up');
  } catch (error) {
    remove();
    throw error;
  }
  return { prefix: [programPath('ip'), 'netns', 'exec', name], remove };
}
