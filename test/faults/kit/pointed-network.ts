/**
 * Points on the wire at which the child process ends itself or stands still: before and after a request of a kind is
 * written, and when its answer has begun to arrive.
 */
import type { Network, Stream, StreamReceiver } from '../../../engine/index.ts';
import type { KillPoints, WirePoint } from './kill-points.ts';

/** Api keys of the requests that end or fill transactions, and of a member's word to its group (protocol guide, "Api Keys"). */
const KINDS: ReadonlyMap<number, string> = new Map([
  [0, 'produce'],
  [22, 'init'],
  [26, 'end'],
  [28, 'offsets'],
  [68, 'beat'],
]);
const AT_API_KEY = 4;

export function pointedNetwork(inner: Network, points: KillPoints): Network {
  return {
    connect(address, tls, receiver): Stream {
      const asked: (string | undefined)[] = [];
      const watched = watchAnswers(receiver, () => {
        const kind = asked.shift();
        if (kind !== undefined) points.pass(`${kind}.answered` as WirePoint);
      });
      const stream = inner.connect(address, tls, watched);
      return {
        write(parts) {
          const kind = KINDS.get(apiKeyOf(parts));
          asked.push(kind);
          if (kind !== undefined) points.pass(`${kind}.before` as WirePoint);
          stream.write(parts);
          if (kind !== undefined) points.pass(`${kind}.sent` as WirePoint);
        },
        close: () => stream.close(),
      };
    },
  };
}

function apiKeyOf(parts: readonly Uint8Array[]): number {
  const head = Buffer.concat(parts.map((part) => part.subarray(0, AT_API_KEY + 2)));
  return head.readInt16BE(AT_API_KEY);
}

/** `answered` is called at the first bytes of each answer. */
function watchAnswers(receiver: StreamReceiver, answered: () => void): StreamReceiver {
  let head = Buffer.alloc(0);
  let left = 0;
  let room: Uint8Array | null = null;
  return {
    buffer() {
      room = receiver.buffer();
      return room;
    },
    received(count) {
      let bytes = room === null ? Buffer.alloc(0) : Buffer.from(room.subarray(0, count));
      while (bytes.length > 0) {
        if (left > 0) {
          const taken = Math.min(left, bytes.length);
          left -= taken;
          bytes = bytes.subarray(taken);
          continue;
        }
        const taken = Math.min(4 - head.length, bytes.length);
        head = Buffer.concat([head, bytes.subarray(0, taken)]);
        bytes = bytes.subarray(taken);
        if (head.length < 4) continue;
        left = head.readInt32BE(0);
        head = Buffer.alloc(0);
        answered();
      }
      receiver.received(count);
    },
    ended: (reason) => receiver.ended(reason),
  };
}
