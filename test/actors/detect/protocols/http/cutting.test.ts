import fc from 'fast-check';
import t from 'tap';
import { http } from '../../../../../actors/detect/protocols/http/index.ts';
import { eveOf } from '../eve-of.ts';
import { parsed } from './ask-suricata.ts';
import { CONNECTIONS, type Connection, CUT_COUNTS, type Step } from './connections.ts';

/** Everything that can be asked of the transactions of a connection. */
function told(connection: Connection, cut: () => number): string[] {
  return parsed(connection, cut).map((tx) => {
    const buffers = http.buffers.flatMap((row) =>
      row.directions.map((direction) => {
        if (tx.progress[direction] < row.progress) return [];
        const bytes = row.read(tx, direction, 0, false);
        return [row.name, direction, bytes === null ? null : Buffer.from(bytes).toString('latin1')];
      }),
    );
    const files = tx.files.map(({ name, size, state }) => [Buffer.from(name).toString('latin1'), size, state]);
    return JSON.stringify([tx.progress, eveOf(http, tx), files, buffers]);
  });
}

t.test('where a stream is cut makes no difference', async (t) => {
  for (const connection of CONNECTIONS) {
    if (CUT_COUNTS.has(connection.name)) continue;
    const whole = told(connection, () => 1_000_000);
    const total = connection.steps.reduce((sum, [, { length }]) => sum + length, 0);
    if (total > 20_000) continue;
    t.same(
      told(connection, () => 1),
      whole,
      `${connection.name}, byte by byte`,
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }), (lengths) => {
        let i = 0;
        const cut = (): number => lengths[i++ % lengths.length]!;
        return JSON.stringify(told(connection, cut)) === JSON.stringify(whole);
      }),
      { numRuns: 10 },
    );
  }
});

t.test('no bytes make it throw, and what it keeps is bounded', async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom(
      '\r\n',
      '\n',
      '\r',
      'HTTP/1.1 200 OK\r\n',
      'GET / HTTP/1.1\r\n',
      ' ',
      ':',
      '0\r\n\r\n',
      'Host: a\r\n',
    ),
  );
  const spoilt = fc
    .tuple(fc.constantFrom(...CONNECTIONS), fc.array(fc.tuple(fc.nat(), fc.nat(3000), piece), { maxLength: 6 }))
    .map(([{ steps }, changes]): Connection => {
      const changed: Step[] = steps.map(([way, data]) => [way, Buffer.from(data as string, 'latin1')]);
      for (const [which, place, put] of changes) {
        const [way, data] = changed[which % changed.length]!;
        const at = place % (data.length + 1);
        const bytes = data as Buffer;
        const middle = Buffer.from(put as string, 'latin1');
        changed[which % changed.length] = [
          way,
          Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(at + (place % 3) * middle.length)]),
        ];
      }
      return { name: 'spoilt', steps: changed };
    });
  fc.assert(
    fc.property(spoilt, fc.integer({ min: 1, max: 2000 }), (connection, length) => {
      const transactions = parsed(connection, () => length);
      return transactions.every(
        ({ request, response, events, files }) =>
          request.body.size <= 102_400 && response.body.size <= 102_400 && events.length <= 32 && files.length <= 300,
      );
    }),
    { numRuns: 400 },
  );
});
