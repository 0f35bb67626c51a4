// Tells when a street is hotter than 35 °C, once for each hot spell of a device.
import { defineActor, jsonCodec, topic, values } from '../engine/index.ts';
import { EnMonReading, enmon } from '../schemas/index.ts';
import type { DeviceTopics } from '../schemas/topics/index.ts';

const HOT = 350; // tenths of a degree, as the device sends them
const BROKEN = 1 << enmon.flagNames.indexOf('outOfRange:temperature');

export default ({ readings }: DeviceTopics) =>
  defineActor({
    name: 'heat-alert',
    inputs: { readings },
    outputs: {
      alerts: topic('alerts.heat', jsonCodec<{ device: string; celsius: number; at: string }>(), { access: 'public' }),
    },
    state: { isHot: values(jsonCodec<boolean>()) },
    process(record, { state, out }) {
      const { reading } = record.value;
      if (!(reading instanceof EnMonReading) || reading.flags & BROKEN) return;
      const isHot = reading.temperature > HOT;
      if (isHot && !state.isHot.get(record.keyId))
        out.alerts.emit({
          device: record.keyText(),
          celsius: reading.temperature / 10,
          at: new Date(record.timestamp).toISOString(),
        });
      if (isHot !== (state.isHot.get(record.keyId) ?? false)) state.isHot.set(record.keyId, isHot);
    },
  });
