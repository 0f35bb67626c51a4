/**
 * A process that fills a registry with so many devices and looks some up, as the bridges hold it or as verify's tasks do,
 * and tells in JSON what a device takes and for how long the event loop stood still: by the processor time of this thread,
 * which others on the machine do not lengthen, and by the clock. Started with --expose-gc.
 */
import { KnownDevices } from '../../../actors/verify/known-devices.ts';
import { verifyState } from '../../../actors/verify/verify.ts';
import { KeyTable } from '../../../engine/batch/index.ts';
import { partitionForKey, type RowStore, seededRandom } from '../../../engine/index.ts';
import { StageState, type ValueStore } from '../../../engine/state/index.ts';
import { type DeviceRecord, decodeDeviceRecord, encodeDeviceRecord } from '../../../schemas/device/index.ts';
import { DeviceTable } from '../../../services/devices/device-table.ts';

export type RegistryPlace = 'bridges' | 'verify';

/** The longest time from one turn of the event loop to the next, in milliseconds. */
export interface Stall {
  readonly processor: number;
  readonly clock: number;
}

export interface RegistryMeasured {
  readonly bytesPerDevice: number;
  readonly load: Stall;
  readonly lookUp: Stall;
  readonly lookUpMicroseconds: { readonly median: number; readonly p999: number; readonly max: number };
}

const PARTITIONS = 8;
/** As many as a fetch of the registry holds, or a batch of frames: then others get their turn. */
const AT_ONCE = 200;
const LOOK_UPS = 500_000;

/** All keys differ; what is never looked at more closely than this need not lie on the curve. */
function recordOf(number: number, key: Uint8Array): DeviceRecord {
  const digits = String(number).padStart(7, '0');
  return {
    ...{ version: 1, deviceId: idOf(number), revision: 1, type: 'enmon', state: 'active', timeZone: 'Europe/Madrid' },
    keys: [
      {
        keyId: Buffer.from(key.subarray(0, 8)).toString('hex'),
        algorithm: 'ecdsa-p256-sha256',
        publicKey: Buffer.concat([P256_PREFIX, key]).toString('base64'),
        state: 'active',
        notAfterMs: 1_795_000_000_000,
      },
    ],
    identity: `86772303${digits}`,
    credentialHash: Buffer.from(key.subarray(0, 32)).toString('hex'),
    tagKey: Buffer.from(key.subarray(8, 16)).toString('hex'),
    ...{ resetCount: 0, createdAtMs: 1_764_000_000_000 },
  };
}

const P256_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const idOf = (number: number): string => `enmon-${String(number).padStart(7, '0')}`;

interface Registry {
  put(record: DeviceRecord): void;
  /** After some. */
  settle(): void;
  has(deviceId: string): boolean;
}

function bridgesRegistry(): Registry {
  const table = new DeviceTable(seededRandom(1));
  return { put: (record) => table.set(record), settle() {}, has: (id) => table.get(id)?.state === 'active' };
}

/** The keyed state of a partition's task, and what it keeps open of it. */
function verifyRegistry(): Registry {
  const tasks = Array.from({ length: PARTITIONS }, () => {
    const keys = new KeyTable(seededRandom(1));
    const state = new StageState(verifyState, ['frames'], keys);
    const devices = state.stores.devices as ValueStore<string>;
    const known = new KnownDevices(devices, state.stores.sequences as RowStore);
    return { keys, state, devices, known };
  });
  const place = (deviceId: string) => {
    const key = new TextEncoder().encode(deviceId);
    const task = tasks[partitionForKey(key, 0, key.length, PARTITIONS)]!;
    return { task, keyId: task.keys.intern(key, 0, key.length) };
  };
  return {
    put(record) {
      const { task, keyId } = place(record.deviceId);
      task.known.setDevice(keyId, record);
      task.devices.settle();
    },
    settle() {
      for (const { state } of tasks) state.collect();
    },
    has(deviceId) {
      const { task, keyId } = place(deviceId);
      return task.known.device(keyId)?.isActive === true;
    },
  };
}

class Turns {
  #clock = performance.now();
  #processor = process.threadCpuUsage();
  #longest = { processor: 0, clock: 0 };

  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const clock = performance.now();
    const { user, system } = process.threadCpuUsage(this.#processor);
    const { processor: before, clock: clockBefore } = this.#longest;
    this.#longest = {
      processor: Math.max(before, (user + system) / 1000),
      clock: Math.max(clockBefore, clock - this.#clock),
    };
    this.#clock = clock;
    this.#processor = process.threadCpuUsage();
  }

  longest(): Stall {
    return this.#longest;
  }
}

async function measure(place: RegistryPlace, devices: number): Promise<RegistryMeasured> {
  const random = seededRandom(7);
  const registry = place === 'bridges' ? bridgesRegistry() : verifyRegistry();
  // Compiled, and with what is made once.
  for (let i = 0; i < 20_000; i++) {
    registry.put(recordOf(i, random.bytes(64)));
    if (i % AT_ONCE === 0) registry.settle();
  }
  const before = held();
  const loading = new Turns();
  for (let i = 20_000; i < devices; i++) {
    // As it comes from the log.
    const json = encodeDeviceRecord(recordOf(i, random.bytes(64)));
    registry.put(decodeDeviceRecord(json));
    if (i % AT_ONCE > 0) continue;
    registry.settle();
    await loading.next();
  }
  registry.settle();
  const after = held();
  const asking = new Turns();
  const took = new Float64Array(LOOK_UPS);
  for (let i = 0; i < LOOK_UPS; i++) {
    const id = idOf(random.u32() % devices);
    const from = performance.now();
    if (!registry.has(id)) throw new Error(`${id} was not found`);
    took[i] = (performance.now() - from) * 1000;
    if (i % AT_ONCE === 0) await asking.next();
  }
  took.sort();
  return {
    bytesPerDevice: (after - before) / (devices - 20_000),
    load: loading.longest(),
    lookUp: asking.longest(),
    lookUpMicroseconds: { median: took[LOOK_UPS >> 1]!, p999: took[(LOOK_UPS * 0.999) | 0]!, max: took.at(-1)! },
  };
}

/** Heap and buffers, without garbage. */
function held(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('start it with --expose-gc');
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

if (import.meta.main) {
  const [place, devices] = process.argv.slice(2);
  console.log(JSON.stringify(await measure(place as RegistryPlace, Number(devices))));
}
