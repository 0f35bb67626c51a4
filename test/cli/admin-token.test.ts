/** Who gets the admin token: only a console that has it already. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { msec } from './run-cli.ts';

t.test('a stranger on the port of an engine that has died is never shown the admin token', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'msec-cli-'));
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
  const token = 'a-token-that-a-stranger-must-not-see-43-chars';
  writeFileSync(join(cwd, 'admin-token'), token, { mode: 0o600 });
  const seen: IncomingHttpHeaders[] = [];
  const stranger = createServer((request, response) => {
    seen.push(request.headers);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ status: 'alive', proof: 'trust me' }));
  });
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  t.teardown(() => stranger.close());
  const { port } = stranger.address() as AddressInfo;
  // The process id was given to another process meanwhile.
  writeFileSync(join(cwd, 'running.json'), JSON.stringify({ pid: process.pid, console: `http://127.0.0.1:${port}` }));
  const ran = await msec(['device', 'list', '--data', cwd], { cwd });
  t.not(ran.code, 0);
  t.match(ran.err, /NOT_AUTHENTICATED/);
  t.ok(seen.length > 0);
  for (const headers of seen) t.equal(headers.authorization, undefined);
});
