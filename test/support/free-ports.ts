/**
 * Ports for servers that a test starts in other processes, and starts again. They lie below those that the kernel hands
 * out, so that no connection and no listener on port 0 takes one while its server is down, and each is kept for this
 * process until it ends, by a socket in the abstract namespace, which no kill leaves behind.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

const HOST = '127.0.0.1';
const LOWEST = 10_000;
const HANDED_OUT = '/proc/sys/net/ipv4/ip_local_port_range';
const HANDED_OUT_FROM = 32_768;
const ATTEMPTS_MAX = 1_000;

/** They follow one another. */
export async function freePorts(count: number): Promise<number[]> {
  const end = handedOutFrom();
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const first = randomInt(LOWEST, end - count);
    const ports = Array.from({ length: count }, (_, i) => first + i);
    const kept = await allOf(ports.map((port) => listening(`\0msec-test-port-${port}`)));
    if (kept === null) continue;
    // Of a test that has others to wait for, it is no reason to live on.
    for (const server of kept) server.unref();
    const servers = await allOf(ports.map((port) => listening(port)));
    if (servers === null) {
      await Promise.all(kept.map(closed));
      continue;
    }
    await Promise.all(servers.map(closed));
    return ports;
  }
  throw new Error(`of ${ATTEMPTS_MAX} ports between ${LOWEST} and ${end} none was free`);
}

function handedOutFrom(): number {
  try {
    const from = Number(readFileSync(HANDED_OUT, 'utf8').split(/\s/)[0]);
    if (from >= 2 * LOWEST) return from;
  } catch {
    // Not Linux.
  }
  return HANDED_OUT_FROM;
}

/** Null where one of them is taken; then none is held. */
async function allOf(starting: readonly Promise<Server>[]): Promise<Server[] | null> {
  const settled = await Promise.allSettled(starting);
  const servers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (servers.length === settled.length) return servers;
  await Promise.all(servers.map(closed));
  return null;
}

async function listening(at: number | string): Promise<Server> {
  const server = createServer();
  if (typeof at === 'number') server.listen(at, HOST);
  else server.listen(at);
  await once(server, 'listening');
  return server;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
