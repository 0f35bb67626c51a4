/**
 * The load: many devices in one process of its own, each a TCP connection that keeps a window of QoS 1 PUBLISH packets
 * in flight. The packets are made before the clock starts, and acknowledgements are counted by their length alone, so
 * that the client costs a small part of what it measures. Started by mqtt-intake.ts.
 */

import { generateKeyPairSync } from 'node:crypto';
import { connect } from 'node:net';
import { generate } from 'mqtt-packet';
import { signEnvelope } from '../../../schemas/envelope/index.ts';

export interface Load {
  readonly port: number;
  readonly window: number;
  readonly devices: readonly { readonly id: string; readonly token: string }[];
}

/** The bridge does not look into a frame, so a device sends the same few again and again. */
const FRAMES_SIGNED = 16;
const PUBACK_BYTES = 4;
const CONNACK_BYTES = 4;
const ENMON = Buffer.from('01001c00000000383637373233303330303430333330000dd00040007c0235', 'hex');
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

process.once('message', (load: Load) => {
  const devices = load.devices.map(({ id, token }) => ({ id, token, halves: halvesOf(id, load.window) }));
  for (const { id, token, halves } of devices) start(load, id, token, halves);
  process.send?.('started');
});
process.once('disconnect', () => process.exit(0));

function halvesOf(id: string, window: number): readonly Buffer[] {
  const half = window >> 1;
  const frames = Array.from({ length: Math.min(FRAMES_SIGNED, window) }, (_, sequence) => {
    const fields = { deviceId: id, bootEpoch: 1, sequence, deviceTimeMs: 1_767_225_600_000, payload: ENMON };
    return Buffer.from(signEnvelope(fields, { keyId: new Uint8Array(8), privateKey }));
  });
  return [packets(id, 1, half, frames), packets(id, 1 + half, half, frames)];
}

function start({ port, window }: Load, id: string, token: string, halves: readonly Buffer[]): void {
  const half = window >> 1;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const hello = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60 } as const;
  socket.write(generate({ ...hello, clientId: id, username: id, password: Buffer.from(token) }));
  let ackedBytes = -CONNACK_BYTES;
  let next = 0;
  socket.once('data', () => {
    for (const packet of halves) socket.write(packet);
  });
  socket.on('data', (chunk) => {
    ackedBytes += chunk.length;
    // A whole half has been acknowledged, so its message ids are free again.
    while (ackedBytes >= half * PUBACK_BYTES) {
      ackedBytes -= half * PUBACK_BYTES;
      socket.write(halves[next++ % 2]!);
    }
  });
  // What went wrong shows as the connection that closes.
  socket.on('error', () => undefined);
  socket.once('close', () => {
    if (!process.connected) return;
    console.error(`${id} was disconnected`);
    process.exit(1);
  });
}

function packets(deviceId: string, firstId: number, count: number, frames: readonly Buffer[]): Buffer {
  const topic = `devices/${deviceId}/frames`;
  const made = Array.from({ length: count }, (_, i) => {
    const payload = frames[i % frames.length]!;
    return generate({ cmd: 'publish', topic, payload, qos: 1, messageId: firstId + i, dup: false, retain: false });
  });
  return Buffer.concat(made);
}
