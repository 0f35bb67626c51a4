/**
 * Frames from MQTT QoS 1 clients to durable: the bridge and the embedded log in this process, the clients in another,
 * on the same cores. What counts is how far the offsets of device.frames moved, not what anyone counted.
 *   bin/node24 bench/workloads/mqtt-intake/mqtt-intake.ts [--devices 100] [--window 200] [--seconds 8] [--json]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Intake, unsignedFrom } from '../../../bridges/intake/index.ts';
import { MqttBridge } from '../../../bridges/mqtt/index.ts';
import { systemClock } from '../../../engine/base/index.ts';
import { openEmbeddedLog, RecordAppender } from '../../../engine/log/index.ts';
import { DayKeys } from '../../../services/day-keys/index.ts';
import { DeviceService } from '../../../services/devices/index.ts';
import type { Load } from './client.ts';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '100' },
    window: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '8' },
    json: { type: 'boolean', default: false },
  },
});
const WARM_UP_MS = 2000;
const PARTITIONS = 4;
const TOPIC = 'device.frames';
const ENMON_BYTES = 31;

const folder = mkdtempSync(join(tmpdir(), 'msec-mqtt-intake-'));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const log = await openEmbeddedLog(join(folder, 'log'));
  const topic = { name: TOPIC, partitions: PARTITIONS, cleanup: 'delete' } as const;
  await log.createTopics([
    { ...topic, retentionBytes: 64 * 1024 * 1024 },
    { name: 'device.registry', partitions: PARTITIONS, cleanup: 'compact' },
  ]);
  const directory = await DeviceService.open({ log, clock: systemClock });
  const ids = Array.from({ length: Number(values.devices) }, (_, i) => `bench-${i}`);
  const enrolled = await directory.addAll(ids.map((id) => ({ deviceId: id, type: 'enmon', identity: id })));
  const appender = new RecordAppender(log);
  const intake = new Intake({
    topic: TOPIC,
    partitions: PARTITIONS,
    directory,
    privacyOf: () => ({ personal: false, matches: (_bytes, start, end) => end - start === ENMON_BYTES }),
    keys: new DayKeys({ folder: join(folder, 'keys'), clock: systemClock }),
    appender,
    clock: systemClock,
    unsigned: unsignedFrom([]),
    limits: { rate: { perSecond: 1e9, burst: 1e9 } },
  });
  const bridge = await MqttBridge.open({ intake, port: 0 });
  const client = fork(join(import.meta.dirname, 'client.ts'));
  const devices = enrolled.map(({ record, secrets }) => ({ id: record.deviceId, token: secrets.token ?? '' }));
  const load: Load = { port: bridge.port, window: Number(values.window), devices };
  const started = once(client, 'message');
  client.send(load);
  await started;
  const reader = log.openReader();
  const durable = async () => {
    const bounds = await Promise.all(Array.from({ length: PARTITIONS }, (_, i) => reader.bounds(TOPIC, i)));
    return bounds.reduce((sum, { end }) => sum + end, 0);
  };
  await pause(WARM_UP_MS);
  const [before, startedAt, cpu] = [await durable(), performance.now(), process.cpuUsage()];
  await pause(Number(values.seconds) * 1000);
  const [after, endedAt, used] = [await durable(), performance.now(), process.cpuUsage(cpu)];
  const seconds = (endedAt - startedAt) / 1000;
  const result = {
    framesPerSecond: Math.round((after - before) / seconds),
    frames: after - before,
    cpuSharePercent: Math.round((used.user + used.system) / 1e4 / seconds),
    devices: devices.length,
    window: load.window,
  };
  const gone = once(client, 'exit');
  client.disconnect();
  await gone;
  await bridge.close();
  await intake.close();
  await appender.close();
  await reader.close();
  await directory.close();
  await log.close();
  if (values.json) console.log(JSON.stringify(result));
  else console.log(`MQTT QoS 1 to durable: ${result.framesPerSecond} frames/s`, result);
}
