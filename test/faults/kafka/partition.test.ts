// Time limit: 900 s.
// List-append in a network namespace of its own, where nftables drops packets: TCP retransmits and delivers late.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { needs, repositoryRoot } from '../../support/needs.ts';
import { makeNamespace } from './packet-filter.ts';

if (needs(t, 'root', 'ip', 'nft', 'java', 'mvn')) {
  t.test('through partitions by packet filter, nothing is lost, aborted, torn or twice', async (t) => {
    const namespace = makeNamespace();
    t.teardown(() => namespace.remove());
    const [program, ...prefix] = namespace.prefix;
    const command = [process.execPath, join(repositoryRoot, 'bench', 'list-append.ts'), '--nft', '--json'];
    const child = spawn(program!, [...prefix, ...command, '--client', 'msec', '--seconds', '40'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    }
    const code = await new Promise((resolve) => child.once('close', resolve));
    t.equal(code, 0, output);
    const totals = JSON.parse(output.split('\n').findLast((line) => line.startsWith('{')) ?? '{}') as Record<
      string,
      number
    >;
    t.comment(JSON.stringify(totals));
    t.ok((totals.partition ?? 0) > 0, `${totals.partition} partitions`);
    t.ok((totals.ok ?? 0) > 0, `${totals.ok} transactions are committed`);
  });
}
