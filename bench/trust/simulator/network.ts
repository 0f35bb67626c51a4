/**
 * Random geometric networks in TRMSim-WSN's manner (Gómez Mármol, Martínez Pérez, IEEE ICC 2009): sensors at random
 * places of a square, neighbours within a range, each a client, a relay, or a server that is benevolent or malicious.
 */
import { type Random, randomBelow } from '../../../engine/index.ts';
import { uniform } from '../rivals/draws.ts';

export type Role = 'client' | 'relay' | 'server';

export interface NetworkOptions {
  readonly sensors: number;
  readonly clients: number;
  readonly relays: number;
  /** Of the servers. */
  readonly malicious: number;
  /** Two sensors are neighbours below this share of the square's diagonal. */
  readonly range: number;
}

export interface Sensor {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly role: Role;
  readonly neighbours: number[];
}

export interface Network {
  readonly sensors: readonly Sensor[];
  readonly clients: readonly number[];
  readonly servers: readonly number[];
  /** Servers a client reaches over any number of hops. */
  readonly reachable: ReadonlyMap<number, readonly number[]>;
  /** Of each sensor: whether it serves well. Changes while a simulation runs. */
  readonly isGood: boolean[];
}

const SIDE = 100;

export function makeNetwork(options: NetworkOptions, random: Random): Network {
  const sensors = Array.from({ length: options.sensors }, (_, i): Sensor => {
    const [x, y] = [uniform(random) * SIDE, uniform(random) * SIDE];
    return { name: `sensor-${i}`, x, y, role: drawRole(options, random), neighbours: [] };
  });
  const range = options.range * Math.SQRT2 * SIDE;
  for (const [i, sensor] of sensors.entries())
    for (const [j, other] of sensors.entries())
      if (i !== j && Math.hypot(sensor.x - other.x, sensor.y - other.y) < range) sensor.neighbours.push(j);
  const indexes = (role: Role) => [...sensors.keys()].filter((i) => sensors[i]!.role === role);
  const [clients, servers] = [indexes('client'), indexes('server')];
  const isGood = sensors.map(() => false);
  for (const server of servers) isGood[server] = uniform(random) >= options.malicious;
  const reachable = new Map(clients.map((client) => [client, reach(sensors, client)]));
  return { sensors, clients, servers, reachable, isGood };
}

function drawRole({ clients, relays }: NetworkOptions, random: Random): Role {
  if (uniform(random) < clients) return 'client';
  return uniform(random) < relays ? 'relay' : 'server';
}

function reach(sensors: readonly Sensor[], client: number): number[] {
  const seen = new Set([client]);
  // A set that grows while it is walked is a queue.
  for (const i of seen) for (const neighbour of sensors[i]!.neighbours) seen.add(neighbour);
  return [...seen].filter((i) => sensors[i]!.role === 'server');
}

/** All benevolent servers turn malicious, and as many of the servers, drawn at random, benevolent. */
export function oscillate({ servers, isGood }: Network, random: Random): void {
  const good = servers.filter((server) => isGood[server]).length;
  for (const server of servers) isGood[server] = false;
  const left = [...servers];
  for (let i = 0; i < good; i++) {
    const [server] = left.splice(randomBelow(random, left.length), 1);
    isGood[server!] = true;
  }
}
