import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../../../../engine/base/index.ts';
import {
  Connection,
  type Network,
  ReceiveBuffers,
  type StreamReceiver,
} from '../../../../../engine/log/kafka/client/index.ts';
import {
  apiVersions,
  fetch,
  readRequestHeader,
  WireReader,
  WireWriter,
  writeResponseHeader,
} from '../../../../../engine/log/kafka/protocol/index.ts';
import { ManualClock } from '../../manual-clock.ts';

const RECORDS = new Uint8Array(40_000).fill(7);

/** A broker in memory that answers every request; what it sends arrives in pieces and ends where the run says. */
function brokenNetwork(cutAfter: number, pieceBytes: number, damage: number): Network {
  return {
    connect(_, __, receiver) {
      let left = cutAfter;
      let sent = 0;
      let isOver = false;
      const deliver = (bytes: Uint8Array) => {
        for (let at = 0; at < bytes.length && !isOver; ) {
          if (left === 0) {
            isOver = true;
            receiver.ended('cut');
            return;
          }
          at += give(receiver, bytes.subarray(at, at + Math.min(pieceBytes, left)));
        }
      };
      const give = (to: StreamReceiver, piece: Uint8Array): number => {
        const buffer = to.buffer();
        const count = Math.min(buffer.length, piece.length);
        buffer.set(piece.subarray(0, count));
        if (damage >= sent && damage < sent + count) buffer[damage - sent]! ^= 0xff;
        sent += count;
        left -= count;
        to.received(count);
        return count;
      };
      return {
        write(parts) {
          const answer = answerTo(Buffer.concat(parts).subarray(4));
          queueMicrotask(() => deliver(answer));
        },
        close() {
          isOver = true;
        },
      };
    },
  };
}

function answerTo(request: Buffer): Uint8Array {
  const header = readRequestHeader(new WireReader(request), (key) =>
    [apiVersions, fetch].find((m) => m.apiKey === key),
  );
  const writer = new WireWriter();
  const message = header.apiKey === fetch.apiKey ? fetch : apiVersions;
  writeResponseHeader(writer, message, header.version, header.correlationId);
  if (message === fetch) {
    const partitions = [{ partitionIndex: 3, records: RECORDS }];
    fetch.encodeResponse(writer, { responses: [{ partitions }] }, header.version);
  } else {
    const keys = [apiVersions, fetch].map(({ apiKey, versions }) => ({
      apiKey,
      minVersion: versions.min,
      maxVersion: versions.max,
    }));
    apiVersions.encodeResponse(writer, { apiKeys: keys }, header.version);
  }
  return new Uint8Array(Buffer.concat(writer.takeFrame()));
}

t.test('wherever a stream is cut or damaged, each request ends, and no memory stays behind', async () => {
  const run = async (cutAfter: number, pieceBytes: number, damage: number) => {
    const buffers = new ReceiveBuffers();
    const { signal } = new AbortController();
    const clock = new ManualClock();
    const network = brokenNetwork(cutAfter, pieceBytes, damage);
    const base = { host: 'h', port: 1, clientId: 'c', clock, requestTimeoutMs: 1000, signal };
    const opening = Connection.open({ ...base, network, buffers }).then(
      async (connection) => {
        const request = { maxWaitMs: 0, minBytes: 0, topics: [] };
        const outcomes = Promise.allSettled(
          Array.from({ length: 4 }, () =>
            connection.requestHeld(fetch, request).then(({ response, release }) => {
              release();
              return response.responses.length;
            }),
          ),
        );
        await new Promise(setImmediate);
        clock.advance(1000);
        return { connection, outcomes: await outcomes };
      },
      (error: unknown) => ({ connection: undefined, outcomes: [{ status: 'rejected', reason: error } as const] }),
    );
    await new Promise(setImmediate);
    clock.advance(1000);
    const { connection, outcomes } = await opening;
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      const { reason } = outcome as { readonly reason: unknown };
      if (!(reason instanceof MsecError) || reason.code !== 'DEPENDENCY_DOWN') throw reason;
    }
    connection?.close();
    if (buffers.bytesHeld !== 0) throw new Error(`${buffers.bytesHeld} bytes are held`);
  };
  const cut = fc.oneof(fc.nat(200), fc.nat(200_000));
  const damaged = fc.oneof(fc.constant(-1), fc.nat(120), fc.nat(170_000));
  await fc.assert(fc.asyncProperty(cut, fc.integer({ min: 1, max: 70_000 }), damaged, run), { numRuns: 6_000 });
});
