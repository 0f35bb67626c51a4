/** The firmware's own host tests, under AddressSanitizer and UndefinedBehaviorSanitizer: firmware/device/test/. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { needs } from '../../support/needs.ts';
import { built, make } from './build.ts';

t.setTimeout(590_000);

const run = promisify(execFile);

for (const kind of ['sequence', 'ring', 'device', 'attest']) {
  t.test(`${kind}: what holds whatever is lost of power, flash or link`, async (t) => {
    if (!needs(t, 'gcc', 'make')) return;
    await make('checked');
    const { stdout } = await run(built('checked', 'host'), [kind]);
    t.match(stdout, new RegExp(`^${kind}: `));
  });
}
