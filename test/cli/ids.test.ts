import t from 'tap';
import { msec } from './run-cli.ts';

const cwd = t.testdir({
  'good.rules': 'alert tcp $HOME_NET any -> any $SSH_PORTS (msg:"a"; content:"b"; sid:1;)\n',
  'bad.rules':
    '# comment\nalert tcp any any -> any any (content:"ab"; depth:1; sid:2;)\nalert tcp any any -> any any (lua:a.lua; sid:3;)\n',
  'groups.rules': 'alert tcp $CARS any -> any $DOORS (sid:4;)\n',
  'suricata.yaml':
    '%YAML 1.1\n---\nvars:\n  address-groups:\n    CARS: "[10.1.0.0/16]"\n  port-groups:\n    DOORS: 70\n',
});

t.test('rules that are understood are counted', async (t) => {
  const ran = await msec(['ids', 'check', 'good.rules'], { cwd });
  t.same([ran.code, ran.out, ran.err], [0, '', '1 rules: 1 accepted, 0 refused\n']);
});

t.test('each refused rule has its place, keyword and reason, and the exit code says so', async (t) => {
  const ran = await msec(['ids', 'check', 'good.rules', 'bad.rules'], { cwd });
  t.equal(ran.code, 65);
  t.match(ran.out, /^bad\.rules:2:45: depth: 1 is less than the content's 2 bytes \(wrong\)$/m);
  t.match(ran.out, /^bad\.rules:3:31: lua: .* \(unsupported\)$/m);
  t.equal(ran.err, '3 rules: 1 accepted, 2 refused\n');
  const asJson = await msec(['ids', 'check', 'bad.rules', '--json'], { cwd });
  const lines = asJson.out.trim().split('\n');
  t.match(JSON.parse(lines[0]!), { file: 'bad.rules', line: 2, column: 45, keyword: 'depth', kind: 'wrong' });
  t.match(JSON.parse(lines[2]!), { rules: 2, accepted: 0, refused: 2 });
});

t.test('groups come from a suricata.yaml and from flags', async (t) => {
  t.equal((await msec(['ids', 'check', 'groups.rules'], { cwd })).code, 65);
  t.equal((await msec(['ids', 'check', 'groups.rules', '--vars', 'suricata.yaml'], { cwd })).code, 0);
  const sets = ['--set', 'vars.address-groups.CARS=10.1.0.0/16', '--set', 'vars.port-groups.DOORS=70:80'];
  t.equal((await msec(['ids', 'check', 'groups.rules', ...sets], { cwd })).code, 0);
  t.equal((await msec(['ids', 'check', 'good.rules', '--home-net', '!any'], { cwd })).code, 65);
  t.equal((await msec(['ids', 'check', 'good.rules', '--set', 'a=b'], { cwd })).code, 64);
  t.equal((await msec(['ids', 'check', 'none.rules'], { cwd })).code, 66);
});
