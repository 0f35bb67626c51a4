/** The graph's own thread: neither do questions hold up the thread that takes frames in, nor scores. Started by trust-desk.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert, errorData, logReaders, systemClock, systemRandom } from '../../engine/index.ts';
import { GraphHost } from './graph-host.ts';
import type { FromGraph, GraphSetup, ToGraph } from './graph-messages.ts';

assert(parentPort !== null, 'the graph runs in a thread');
const parent = parentPort;
const { job, log, schemaIds, partitions, isAttested, isLogged, isDecided } = workerData as GraphSetup;
const say = (message: FromGraph) => parent.postMessage(message);
const openReader = await logReaders(log, systemClock);
const host = new GraphHost({
  ...{ job, partitions, isAttested, schemaIds: new Map(schemaIds), reader: openReader() },
  ...(isLogged === true ? { pastReader: openReader() } : {}),
  isDecided: isDecided === true,
  ...{ clock: systemClock, random: systemRandom },
});
host.start((error) => say({ id: -1, error: errorData(error) }));

parent.on('message', ({ id, call, takes }: ToGraph) => {
  if (call === 'stop') {
    void host.close().then(() => {
      say({ id, gives: null });
      parent.close();
    });
    return;
  }
  try {
    say({ id, gives: host.call(call, takes as never) });
  } catch (error) {
    say({ id, error: errorData(error) });
  }
});
