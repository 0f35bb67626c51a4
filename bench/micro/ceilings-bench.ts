/**
 * What the machine itself can do, one layer at a time: no stream engine passes these. docs/performance.md sets the cost
 * of a frame beside them. Each is the best of some stretches on one processor.
 *   bin/node24 bench/micro/ceilings-bench.ts
 */
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { crc32c } from '../../engine/batch/index.ts';

const BIG_BYTES = 256 * 1024 * 1024;
const BATCH_BYTES = 128 * 1024;
const FRAME_BYTES = 52;
const STRETCHES = 5;
const LOOPBACK_BYTES = 2 ** 31;

/** The best of some stretches, in bytes a second of processor time. */
function best(bytes: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < STRETCHES; i++) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return (bytes * 1000) / least;
}

function tell(layer: string, bytesPerSecond: number): void {
  const nanoseconds = (FRAME_BYTES * 1e9) / bytesPerSecond;
  console.log(`| ${layer} | ${(bytesPerSecond / 1e9).toFixed(1)} GB/s | ${nanoseconds.toFixed(1)} ns |`);
}

async function main(): Promise<void> {
  console.log(`| layer | on one processor | of a frame of ${FRAME_BYTES} bytes |\n|---|---|---|`);
  const big = new Uint8Array(BIG_BYTES).fill(1);
  const words = new Float64Array(big.buffer);
  const other = new Uint8Array(BIG_BYTES);
  let sum = 0;
  tell(
    'memory read, a word of each cache line',
    best(BIG_BYTES, () => {
      for (let i = 0; i < words.length; i += 8) sum += words[i]!;
    }),
  );
  tell(
    'memory copied',
    best(BIG_BYTES, () => other.set(big)),
  );
  tell(
    'CRC-32C, batch by batch',
    best(BIG_BYTES, () => {
      for (let at = 0; at < BIG_BYTES; at += BATCH_BYTES) sum ^= crc32c(big, at, at + BATCH_BYTES);
    }),
  );
  tell(
    'SHA-256, batch by batch',
    best(BIG_BYTES, () => {
      for (let at = 0; at < BIG_BYTES; at += BATCH_BYTES)
        createHash('sha256')
          .update(big.subarray(at, at + BATCH_BYTES))
          .digest();
    }),
  );
  tell('read from the page cache', pageCache(big));
  tell('loopback TCP, into a buffer that is used again', await loopback());
  p256();
  if (sum === 0.5) console.log('never: so that nothing is left out');
}

function pageCache(big: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'msec-ceilings-'));
  const path = join(folder, 'file');
  writeFileSync(path, big);
  const file = openSync(path, 'r');
  const chunk = new Uint8Array(1024 * 1024);
  try {
    return best(BIG_BYTES, () => {
      for (let at = 0; at < BIG_BYTES; at += chunk.length) readSync(file, chunk, 0, chunk.length, at);
    });
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

/** Between two threads, as from a broker on the same machine. */
async function loopback(): Promise<number> {
  const server = createServer((socket) => {
    const chunk = Buffer.alloc(1024 * 1024);
    let left = LOOPBACK_BYTES;
    const send = () => {
      while (left > 0) {
        left -= chunk.length;
        if (!socket.write(chunk)) return void socket.once('drain', send);
      }
      socket.end();
    };
    send();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const source = `
    const { connect } = require('node:net');
    const { parentPort, workerData } = require('node:worker_threads');
    const buffer = new Uint8Array(1024 * 1024);
    const startedAt = performance.now();
    const socket = connect({ host: '127.0.0.1', port: workerData, onread: { buffer, callback: () => true } });
    socket.on('close', () => parentPort.postMessage(performance.now() - startedAt));`;
  const worker = new Worker(source, { eval: true, workerData: port });
  const [ms] = (await once(worker, 'message')) as [number];
  server.close();
  return (LOOPBACK_BYTES * 1000) / ms;
}

function p256(): void {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const frame = Buffer.alloc(FRAME_BYTES, 7);
  const signature = sign('sha256', frame, privateKey);
  const times = 5000;
  const perSecond = best(times, () => {
    for (let i = 0; i < times; i++) verify('sha256', frame, publicKey, signature);
  });
  const text = execFileSync('openssl', ['speed', '-mr', '-seconds', '2', 'ecdsap256'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ceiling = Number(/^\+F\d+:\d+:256:[\d.]+:([\d.]+)/m.exec(text.toString())?.[1]);
  console.log(`| P-256 verified by node:crypto | ${Math.round(perSecond)}/s | ${Math.round(1e9 / perSecond)} ns |`);
  console.log(`| P-256 verified by openssl speed | ${Math.round(ceiling)}/s | ${Math.round(1e9 / ceiling)} ns |`);
}

await main();
