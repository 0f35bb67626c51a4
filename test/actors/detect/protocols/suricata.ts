/** Conversations as captures, and what Suricata makes of them: the second opinion of the parsers' tests. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcapOf, type SimplePacket } from '../captures.ts';
import { ethernet, ipv4, tcpSegment, udpDatagram } from '../frames.ts';

/** 0: the client says it. */
export type Part = readonly [direction: 0 | 1, bytes: Uint8Array];

export interface Talk {
  readonly transport: 'tcp' | 'udp';
  readonly serverPort: number;
  readonly parts: readonly Part[];
}

const EMPTY = new Uint8Array(0);
const SERVER = Uint8Array.of(192, 0, 2, 1);
const CLIENT_PORT = 40_000;
const SYN = 2;
const ACK = 16;

const clientOf = (index: number): Uint8Array => Uint8Array.of(10, index >> 16, (index >> 8) & 255, index & 255);

/** One packet for each part, each acknowledged at once; a TCP session is opened and closed properly. */
export function packetsOf(talks: readonly Talk[]): SimplePacket[] {
  const packets: SimplePacket[] = [];
  const add = (bytes: Uint8Array): void => {
    const frame = ethernet(0x0800, bytes);
    packets.push({
      timeUs: 1_700_000_000_000_000 + packets.length * 1000,
      linkType: 1,
      wireLength: frame.length,
      bytes: frame,
    });
  };
  for (const [index, { transport, serverPort, parts }] of talks.entries()) {
    const client = clientOf(index);
    const ends = [
      { from: client, to: SERVER },
      { from: SERVER, to: client },
    ] as const;
    const ports = [CLIENT_PORT, serverPort] as const;
    if (transport === 'udp') {
      for (const [way, bytes] of parts)
        add(ipv4(ends[way], 17, udpDatagram(ends[way], ports[way], ports[1 - way]!, bytes)));
      continue;
    }
    const next = [1000, 5000];
    const segment = (way: 0 | 1, flags: number, bytes: Uint8Array): void => {
      const fields = {
        fromPort: ports[way],
        toPort: ports[1 - way]!,
        sequence: next[way]!,
        acknowledgment: flags === SYN ? 0 : next[1 - way]!,
        flags,
      };
      add(ipv4(ends[way], 6, tcpSegment(ends[way], fields, bytes)));
      next[way]! += bytes.length + (flags & 3 ? 1 : 0);
    };
    segment(0, SYN, EMPTY);
    segment(1, SYN | ACK, EMPTY);
    segment(0, ACK, EMPTY);
    for (const [way, bytes] of parts) {
      for (let at = 0; at < bytes.length; at += 1400) {
        segment(way, ACK | 8, bytes.subarray(at, at + 1400));
        segment(way === 0 ? 1 : 0, ACK, EMPTY);
      }
    }
    segment(0, ACK | 1, EMPTY);
    segment(1, ACK | 1, EMPTY);
    segment(0, ACK, EMPTY);
  }
  return packets;
}

export interface EveRecord {
  readonly [field: string]: unknown;
  readonly event_type: string;
  readonly src_ip?: string;
  readonly dest_ip?: string;
  readonly alert?: { readonly signature_id: number };
  readonly anomaly?: { readonly layer: string; readonly event: string };
}

export const hasSuricata = (): boolean =>
  spawnSync('suricata', ['-V'], { encoding: 'utf8' }).stdout?.includes('7.0.10') === true;

/** Suricata's records by talk, in their order, statistics and flows left out. */
export function suricataRecords(
  talks: readonly Talk[],
  rules: string,
  settings: readonly string[] = [],
): EveRecord[][] {
  const folder = mkdtempSync(join(tmpdir(), 'msec-eve-'));
  try {
    writeFileSync(join(folder, 'talks.pcap'), pcapOf(packetsOf(talks), { isBig: false, isNano: false }));
    writeFileSync(join(folder, 'test.rules'), rules);
    // Its own configuration writes no records of Modbus and DNP3.
    const configuration = readFileSync('/etc/suricata/suricata.yaml', 'utf8');
    writeFileSync(
      join(folder, 'suricata.yaml'),
      configuration.replace(/^( *)- mqtt:/m, '$1- modbus\n$1- dnp3\n$1- mqtt:'),
    );
    const files = [
      '-c',
      join(folder, 'suricata.yaml'),
      '-r',
      join(folder, 'talks.pcap'),
      '-S',
      join(folder, 'test.rules'),
      '-l',
      folder,
    ];
    const set = ['stream.reassembly.randomize-chunk-size=no', ...settings].flatMap((setting) => ['--set', setting]);
    const run = spawnSync('suricata', [...files, '-k', 'none', '--runmode', 'single', ...set], { timeout: 100_000 });
    if (run.status !== 0) throw new Error(`suricata: ${String(run.stderr)}`);
    const found: EveRecord[][] = talks.map(() => []);
    for (const line of readFileSync(join(folder, 'eve.json'), 'utf8').split('\n')) {
      const record = parsed(line);
      const client = [record?.src_ip, record?.dest_ip].find((address) => address?.startsWith('10.'));
      if (record === null || client === undefined || record.event_type === 'flow') continue;
      const [, high, middle, low] = client.split('.').map(Number);
      found[(high! << 16) | (middle! << 8) | low!]!.push(record);
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** null: a line that is no JSON; Suricata does not escape the names of fields that come from the wire. */
function parsed(line: string): EveRecord | null {
  try {
    return JSON.parse(line) as EveRecord;
  } catch {
    return null;
  }
}
