import { EventEmitter } from 'node:events';
import t from 'tap';
import { FORCE_MS, watchSignals } from '../../cli/signals.ts';
import { ManualClock } from '../engine/log/manual-clock.ts';

function watched() {
  const clock = new ManualClock();
  const source = new EventEmitter();
  const forced: string[] = [];
  const stop = watchSignals(source, clock, (because) => forced.push(because));
  const send = (signal: string) => source.emit(signal, signal);
  return { clock, source, forced, stop, send };
}

t.test('the first signal asks for the drain, and the one that npm sends after it is the same', async (t) => {
  const { clock, forced, stop, send } = watched();
  send('SIGINT');
  t.equal(await stop.requested, 'Ctrl-C');
  clock.advance(5);
  send('SIGINT');
  clock.advance(2_000);
  send('SIGINT');
  clock.advance(900);
  send('SIGINT');
  t.same(forced, [], 'two Ctrl-C under npm are four signals and no force, also where npm is slow');
  clock.advance(2_000);
  send('SIGINT');
  t.same(forced, ['a third signal came']);
});

t.test('three signals that are meant force the end, whichever they are', async (t) => {
  const { clock, forced, stop, send } = watched();
  send('SIGTERM');
  t.equal(await stop.requested, 'SIGTERM');
  clock.advance(200);
  send('SIGHUP');
  clock.advance(200);
  send('SIGTERM');
  clock.advance(FORCE_MS);
  t.same(forced, ['a third signal came'], 'once');
});

t.test('a drain that takes too long is ended, one that is done is left alone', async (t) => {
  const slow = watched();
  slow.send('SIGTERM');
  slow.clock.advance(FORCE_MS);
  t.match(slow.forced, [/more than 25 s/]);
  const done = watched();
  done.send('SIGTERM');
  done.stop.done();
  done.clock.advance(FORCE_MS);
  done.send('SIGTERM');
  t.same(done.forced, []);
  t.equal(done.source.listenerCount('SIGTERM'), 1, 'a signal that comes late does not end the process either');
  done.stop.release();
  t.equal(done.source.listenerCount('SIGTERM'), 0);
});
