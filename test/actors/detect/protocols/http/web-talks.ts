/** Connections of such messages: pipelined, answered before they are asked, cut anywhere, with gaps, and closed in every way. */
import type { SimplePacket } from '../../captures.ts';
import { ethernet, ipv4, tcpSegment } from '../../frames.ts';
import { Dice } from '../dice.ts';
import { request, response } from './web-messages.ts';

const SERVER = Uint8Array.of(10, 9, 0, 1);
const NONE = new Uint8Array();
const [FIN, SYN, RST, PSH, ACK] = [1, 2, 4, 8, 16] as const;
const FIRST_US = 1_700_000_000_000_000;
const APART_US = 10_000;
const WITHIN_US = 100;

type Step = readonly [way: 0 | 1, bytes: Uint8Array];

function messages(dice: Dice): Step[] {
  const steps: Step[] = [];
  const waiting: Step[] = [];
  const isPipelined = dice.happens(0.2);
  if (dice.happens(0.05)) steps.push([1, response(dice)]);
  for (let left = 1 + dice.below(3); left > 0; left -= 1) {
    steps.push([0, request(dice)]);
    if (dice.happens(0.05)) steps.push([1, Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')]);
    if (dice.happens(0.93)) waiting.push([1, response(dice)]);
    if (!isPipelined) steps.push(...waiting.splice(0));
  }
  steps.push(...waiting);
  return steps;
}

/** How long the next piece is. */
function cutter(dice: Dice): () => number {
  const kind = dice.below(6);
  if (kind === 0) return () => 1 + dice.below(30);
  if (kind === 1) return () => 1 + dice.below(200);
  return () => 1400;
}

class Connection {
  readonly packets: SimplePacket[] = [];
  readonly #client: Uint8Array;
  readonly #port: number;
  readonly #startUs: number;
  readonly #next: [number, number] = [1000, 5000];

  constructor(index: number) {
    this.#client = Uint8Array.of(10, 8, (index >> 8) & 255, index & 255);
    this.#port = 20_000 + (index % 30_000);
    this.#startUs = FIRST_US + index * APART_US;
  }

  send(way: 0 | 1, flags: number, payload: Uint8Array, isLost = false): void {
    const ends = way === 0 ? { from: this.#client, to: SERVER } : { from: SERVER, to: this.#client };
    const fields = {
      fromPort: way === 0 ? this.#port : 80,
      toPort: way === 0 ? 80 : this.#port,
      sequence: this.#next[way],
      acknowledgment: flags === SYN ? 0 : this.#next[way === 0 ? 1 : 0],
      flags,
    };
    this.#next[way] += payload.length + ((flags & (FIN | SYN)) === 0 ? 0 : 1);
    if (isLost) return;
    const bytes = ethernet(0x0800, ipv4(ends, 6, tcpSegment(ends, fields, payload)));
    const timeUs = this.#startUs + this.packets.length * WITHIN_US;
    this.packets.push({ timeUs, linkType: 1, wireLength: bytes.length, bytes });
  }

  close(dice: Dice): void {
    const first = dice.pick([0, 1] as const);
    const second = first === 0 ? 1 : 0;
    const kind = dice.below(10);
    if (kind < 4) {
      this.send(first, FIN | ACK, NONE);
      this.send(second, FIN | ACK, NONE);
      this.send(first, ACK, NONE);
    } else if (kind < 6) {
      this.send(first, FIN | ACK, NONE);
      this.send(second, ACK, NONE);
    } else if (kind < 8) this.send(first, RST | ACK, NONE);
  }
}

export function talk(seed: number, index: number): SimplePacket[] {
  const dice = new Dice(seed);
  const connection = new Connection(index);
  connection.send(0, SYN, NONE);
  connection.send(1, SYN | ACK, NONE);
  connection.send(0, ACK, NONE);
  const cut = cutter(dice);
  const lost = dice.happens(0.12) ? 0.1 : 0;
  const acknowledged = dice.pick([1, 1, 0.5, 0]);
  for (const [way, bytes] of messages(dice)) {
    for (let at = 0, length = 0; at < bytes.length; at += length) {
      length = cut();
      connection.send(way, PSH | ACK, bytes.subarray(at, at + length), dice.happens(lost));
      if (dice.happens(acknowledged)) connection.send(way === 0 ? 1 : 0, ACK, NONE);
    }
  }
  connection.close(dice);
  return connection.packets;
}

const EVENTS =
  `gzip_decompression_failed request_field_missing_colon response_field_missing_colon invalid_request_chunk_len
  invalid_response_chunk_len invalid_transfer_encoding_value_in_request invalid_content_length_field_in_request
  invalid_content_length_field_in_response 100_continue_already_seen unable_to_match_response_to_request
  request_header_invalid response_header_invalid missing_host_header host_header_ambiguous request_line_incomplete
  request_body_unexpected request_header_host_invalid multipart_invalid_header multipart_no_filedata range_invalid`.split(
    /\s+/,
  );

const BUFFERS = `method uri uri.raw request_line protocol host host.raw header header_names start stat_code
  stat_msg response_line request_body response_body content_type content_len cookie request_header response_header`.split(
  /\s+/,
);

/** Each event, each buffer where it is and where it lacks something, files, and the payload beside them. */
export const WEB_RULES = `${[
  ...EVENTS.map((event) => `app-layer-event:http.${event};`),
  ...BUFFERS.map((buffer) => `http.${buffer}; content:"a";`),
  ...BUFFERS.map((buffer) => `http.${buffer}; content:!"zq";`),
  ...['to_server', 'to_client'].map((way) => `flow:${way}; http.header.raw; content:"a";`),
  'file.data; content:"a";',
  'file.data; content:!"zq";',
  'filesize:>3;',
  'filename:"a";',
  'content:"T"; http.uri; content:"/";',
  'content:"T"; http.stat_code; content:"2";',
  'flow:to_client;',
  'flow:to_server; content:!"zq";',
]
  .map((options, at) => `alert http any any -> any any (${options} sid:${at + 1};)`)
  .join('\n')}\n`;
