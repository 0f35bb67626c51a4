import t from 'tap';
import { examiningOf } from '../../../cli/city/ids-rules.ts';
import type { Config } from '../../../cli/config/index.ts';

const PLAN = {} as NonNullable<Parameters<typeof examiningOf>[1]>;
const configOf = (from: string | null, gateways: readonly string[]): Config =>
  ({ 'ids.interface': from, 'ids.gateways': gateways }) as Config;

t.test('what is examined with rules that are put in force', async (t) => {
  t.equal(examiningOf(configOf(null, []), PLAN), 'nothing');
  t.equal(examiningOf(configOf(null, []), null), 'nothing');
  for (const config of [configOf('eth0', []), configOf(null, ['gw-1'])]) {
    t.equal(examiningOf(config, PLAN), 'now');
    t.equal(examiningOf(config, null), 'next start');
  }
});
