// The bar on a terminal, and plain lines elsewhere.
import t from 'tap';
import { Progress } from '../../bench/progress.ts';

const steps = [
  { name: 'W1', expectedSeconds: 60 },
  { name: 'W2', expectedSeconds: 180 },
];

t.test('elsewhere each message is a line of its own', async (t) => {
  const written: string[] = [];
  const terminal = { isTerminal: false, columns: () => 80, write: (text: string) => written.push(text) };
  const progress = new Progress(terminal, steps, () => 0);
  progress.say('filling');
  progress.endStep();
  progress.around(() => written.push('a result\n'));
  progress.say('run 1');
  progress.end();
  t.same(written, ['W1: filling\n', 'a result\n', 'W2: run 1\n']);
});

t.test('on a terminal one line is drawn over itself, never wider than the terminal', async (t) => {
  const written: string[] = [];
  let now = 0;
  const terminal = { isTerminal: true, columns: () => 100, write: (text: string) => written.push(text) };
  const progress = new Progress(terminal, steps, () => now);
  now = 30_000;
  progress.say('filling');
  t.equal(written.at(-1), `\r\x1b[2K${'█'.repeat(3)}${'░'.repeat(21)} 1/2 W1  0:30, about 3:30 left  filling`);
  now = 200_000;
  progress.say('it takes longer than the last time');
  t.match(written.at(-1), '1/2 W1  3:20, about 3:01 left');
  progress.endStep();
  progress.say('x'.repeat(200));
  t.match(written.at(-1), `${'█'.repeat(6)}${'░'.repeat(18)} 2/2 W2`);
  t.equal(written.at(-1)!.length, '\r\x1b[2K'.length + 99);
  written.length = 0;
  progress.around(() => written.push('a result\n'));
  t.same(written.slice(0, 2), ['\r\x1b[2K', 'a result\n'], 'the bar makes room for it');
  progress.end();
  t.equal(written.at(-1), '\r\x1b[2K');
});
