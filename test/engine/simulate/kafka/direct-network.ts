/** The shortest way to a simulated broker: no delay, no faults, and the real clock for what the broker does later. */
import { systemClock } from '../../../../engine/base/index.ts';
import type { Network, Stream, StreamReceiver } from '../../../../engine/log/index.ts';
import { SimulatedBroker } from '../../../../engine/simulate/kafka/broker.ts';

const MARKER_MS = 2;

export function directBroker(transactionVersion: 1 | 2): SimulatedBroker {
  return new SimulatedBroker({
    ...{ transactionVersion, clusterId: 'simulated', host: 'broker', port: 9092 },
    now: () => systemClock.now(),
    after(ms, run) {
      const timer = systemClock.after(ms, run);
      // The end of a long wait is nothing that a test waits for.
      if (ms > 1_000) timer.unref?.();
    },
    markerMs: () => MARKER_MS,
    isShortRead: () => false,
    trouble: () => 'none',
  });
}

export function directNetwork(broker: SimulatedBroker): Network {
  return {
    connect(_address: unknown, _tls: unknown, receiver: StreamReceiver): Stream {
      let isOpen = true;
      const deliver = (bytes: Uint8Array) => {
        for (let at = 0; at < bytes.length && isOpen; ) {
          const room = receiver.buffer();
          const count = Math.min(room.length, bytes.length - at);
          room.set(bytes.subarray(at, at + count));
          at += count;
          receiver.received(count);
        }
      };
      return {
        write(parts) {
          const request = new Uint8Array(Buffer.concat(parts)).subarray(4);
          queueMicrotask(() => broker.handle(request, (answer) => queueMicrotask(() => deliver(answer))));
        },
        close() {
          isOpen = false;
        },
      };
    },
  };
}
