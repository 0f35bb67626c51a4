/** The same connections in Suricata: each buffer that our parser has becomes a rule that holds only if Suricata has it, too. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpTransaction } from '../../../../../actors/detect/protocols/http/http-transaction.ts';
import { http } from '../../../../../actors/detect/protocols/http/index.ts';
import { Conversation, Recogniser } from '../../../../../actors/detect/protocols/index.ts';
import { pcapOf, type SimplePacket } from '../../captures.ts';
import { ethernet, ipv4, tcpSegment } from '../../frames.ts';
import { eveOf } from '../eve-of.ts';
import type { Connection } from './connections.ts';

const CLIENT = Uint8Array.of(10, 0, 0, 1);
const SERVER = Uint8Array.of(10, 0, 0, 2);
const SEGMENT = 1400;
const FIRST_PORT = 20_000;
const RULES_MAX = 2000;
const NONE = new Uint8Array();
const RECOGNISER = new Recogniser([http]);

const bytesOf = (data: string | Buffer): Buffer => (typeof data === 'string' ? Buffer.from(data, 'latin1') : data);

/** Gives the length of the next segment. */
function cutting({ segments = [SEGMENT] }: Connection): () => number {
  let i = 0;
  return () => segments[i++ % segments.length]!;
}

/** All transactions of a connection; `cut` gives the length of the next piece. */
export function parsed(connection: Connection, cut = cutting(connection)): readonly HttpTransaction[] {
  const talk = new Conversation(RECOGNISER, {
    transport: 'tcp',
    sourcePort: FIRST_PORT,
    destinationPort: 80,
    isPickedUp: false,
  });
  for (const [direction, data] of connection.steps) {
    const bytes = bytesOf(data);
    for (let at = 0, length = 0; at < bytes.length; at += length) {
      length = Math.max(1, cut());
      // A copy that is overwritten afterwards: a view into it shows.
      const piece = Buffer.from(bytes.subarray(at, at + length));
      talk.data(direction, piece, false);
      piece.fill(0xaa);
    }
  }
  // Behind a CONNECT the end leaves nothing of it: Suricata has told of it by then.
  const { parser } = talk;
  // Once when the session is closed, once when the flow ends.
  for (const direction of [1, 0, 0, 1] as const) talk.data(direction, NONE, true);
  return (parser?.transactions ?? []) as readonly HttpTransaction[];
}

function packetsOf(connection: Connection, port: number, startUs: number): SimplePacket[] {
  const cut = cutting(connection);
  const packets: SimplePacket[] = [];
  const next = [1000, 5000] as [number, number];
  const send = (way: 0 | 1, flags: number, payload: Uint8Array): void => {
    const ends = way === 0 ? { from: CLIENT, to: SERVER } : { from: SERVER, to: CLIENT };
    const fields = {
      fromPort: way === 0 ? port : 80,
      toPort: way === 0 ? 80 : port,
      sequence: next[way],
      acknowledgment: flags === 2 ? 0 : next[way === 0 ? 1 : 0],
      flags,
    };
    const bytes = ethernet(0x0800, ipv4(ends, 6, tcpSegment(ends, fields, payload)));
    packets.push({ timeUs: startUs + packets.length * 100, linkType: 1, wireLength: bytes.length, bytes });
    next[way] += payload.length + ((flags & 3) !== 0 ? 1 : 0);
  };
  send(0, 2, NONE);
  send(1, 0x12, NONE);
  send(0, 0x10, NONE);
  for (const [way, data] of connection.steps) {
    const bytes = bytesOf(data);
    for (let at = 0, length = 0, sent = 1; at < bytes.length; at += length, sent += 1) {
      length = cut();
      send(way, 0x18, bytes.subarray(at, at + length));
      if (connection.segments !== undefined || sent % 10 === 0) send(way === 0 ? 1 : 0, 0x10, NONE);
    }
    send(way === 0 ? 1 : 0, 0x10, NONE);
  }
  send(1, 0x11, NONE);
  send(0, 0x11, NONE);
  send(1, 0x10, NONE);
  return packets;
}

const hex = (bytes: Uint8Array): string => `|${Buffer.from(bytes).toString('hex').replace(/../g, '$& ').trim()}|`;

function contentOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'bsize:0;';
  if (bytes.length <= 250) return `content:"${hex(bytes)}"; startswith; endswith; bsize:${bytes.length};`;
  const [start, end] = [hex(bytes.subarray(0, 120)), hex(bytes.subarray(-120))];
  return `content:"${start}"; startswith; content:"${end}"; endswith; bsize:${bytes.length};`;
}

/** Rules by what they say. */
function rulesOf(connection: Connection, port: number, firstSid: number): Map<string, string> {
  const rules = new Map<string, string>();
  for (const tx of parsed(connection)) {
    for (const row of http.buffers) {
      for (const direction of row.directions) {
        if (tx.progress[direction] < row.progress) continue;
        // The sticky form of this one turns a rule to the client; what a file is depends on how much of it has come.
        if (row.name === 'file.magic' || (row.name === 'http.response_body' && direction === 0)) continue;
        // It is asked with each segment, of what has come by then.
        if (row.name === 'file.data' && connection.segments !== undefined) continue;
        for (let index = 0; index === 0 || row.isMany === true; index += 1) {
          const bytes = row.read(tx, direction, index, false);
          if (bytes === null) break;
          // Long bodies are looked at in windows; no rule may ask for a host in capitals.
          if (bytes.length > 30_000) continue;
          if (row.name === 'http.host' && /[A-Z]/.test(Buffer.from(bytes).toString('latin1'))) continue;
          const from = direction === 0 ? `any ${port} -> any any` : `any any -> any ${port}`;
          const flow = direction === 0 ? 'to_server' : 'to_client';
          const rule = `alert http ${from} (flow:${flow}; ${row.name}; ${contentOf(bytes)}`;
          if (!rules.has(rule)) rules.set(rule, `${rule} sid:${firstSid + rules.size};)`);
        }
      }
    }
  }
  return rules;
}

interface EveRecord {
  readonly event_type: string;
  readonly src_port: number;
  readonly dest_port: number;
  readonly alert?: { readonly signature_id: number };
  readonly http?: Readonly<Record<string, unknown>>;
  readonly anomaly?: { readonly event: string; readonly layer: string };
  readonly fileinfo?: { readonly filename: string; readonly size: number; readonly state: string };
}

function run(packets: readonly SimplePacket[], rules: readonly string[]): EveRecord[] {
  const folder = mkdtempSync(join(tmpdir(), 'msec-http-'));
  try {
    const [pcap, file] = [join(folder, 'in.pcap'), join(folder, 'in.rules')];
    writeFileSync(pcap, pcapOf(packets, { isBig: false, isNano: false }));
    writeFileSync(file, `${rules.join('\n')}\n`);
    const options = ['-r', pcap, '-S', file, '-k', 'none', '-l', folder, '--runmode', 'single'];
    spawnSync('suricata', [...options, '--set', 'packet-alert-max=255'], { stdio: 'ignore' });
    const lines = readFileSync(join(folder, 'eve.json'), 'utf8').trim().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as EveRecord);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sorted = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1))));

/** What differs, in words; nothing is equal. */
export function differences(connections: readonly Connection[]): string[] {
  const packets: SimplePacket[] = [];
  const asked = connections.map((connection, i) => {
    packets.push(...packetsOf(connection, FIRST_PORT + i, 1_600_000_000_000_000 + i * 1_000_000));
    return rulesOf(connection, FIRST_PORT + i, 1 + i * RULES_MAX);
  });
  const records = run(
    packets,
    asked.flatMap((rules) => [...rules.values()]),
  );
  const fired = new Set(records.map(({ alert }) => alert?.signature_id));
  return connections.flatMap((connection, i) => {
    const { name } = connection;
    const port = FIRST_PORT + i;
    const own = records.filter(({ src_port, dest_port }) => src_port === port || dest_port === port);
    const found = [...asked[i]!.keys()].flatMap((rule, index) =>
      fired.has(1 + i * RULES_MAX + index) ? [] : [`${name}: not there: ${rule}`],
    );
    const transactions = parsed(connection);
    const eve = transactions.map((tx) => sorted(eveOf(http, tx)!)).toSorted();
    const theirs = own.flatMap((record) => (record.event_type === 'http' ? [sorted(record.http!)] : [])).toSorted();
    if (eve.join() !== theirs.join()) found.push(`${name}: ${eve.join(' ')} and not ${theirs.join(' ')}`);
    const files = transactions.flatMap((tx) => tx.files.map(({ size, state }) => `${size} ${state}`)).toSorted();
    const told = own
      .flatMap(({ fileinfo }) => (fileinfo === undefined ? [] : [`${fileinfo.size} ${fileinfo.state.toLowerCase()}`]))
      .toSorted();
    if (files.join().replaceAll('open', 'truncated') !== told.join())
      found.push(`${name}: files ${files.join()} and not ${told.join()}`);
    const events = transactions.flatMap((tx) => tx.events).toSorted();
    const raised = own.flatMap(({ anomaly }) => (anomaly?.layer === 'proto_parser' ? [anomaly.event] : [])).toSorted();
    if (events.join() !== raised.join()) found.push(`${name}: events ${events.join()} and not ${raised.join()}`);
    return found;
  });
}
