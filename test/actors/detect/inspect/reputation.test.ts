/** What addresses are worth, by files as Suricata reads them; which of these rules alert there was asked of Suricata 7.0.10. */
import t from 'tap';
import { readReputation } from '../../../../actors/detect/rules/reputation.ts';
import { alertsIn, Scene } from '../sensor/scene.ts';

const reputation = readReputation('# known\n1,Bad,bad hosts\n2,Good,good\n3,Nets,nets\n', [
  [
    ...['ip,cat,value', '192.168.1.1,1,80', '10.0.0.0/8,3,20', '10.1.0.0/16,3,60', '10.1.0.0/16,3,61', 'bad line'],
    ...['0.0.0.0/0,2,10', '10.1.0.0,1,3', '2001:db8::/32,3,5', '10.1.2.3/33,3,5', '1.2.3.4,60,5', '1.2.3.4,1,128'],
  ].join('\n'),
]);

t.test('lines that say nothing are passed over, and counted', async (t) => {
  t.equal(reputation.badLines, 4);
});

t.test('an address counts for itself, then by its nearest network', async (t) => {
  // From 10.1.0.0 to 10.2.0.0.
  const cases: readonly (readonly [string, boolean])[] = [
    ['src,Bad,>,1', true],
    ['src,Bad,=,3', true],
    ['dst,Bad,isset', false],
    ['any,Bad,isnotset', true],
    ['both,Bad,isnotset', false],
    // What is named itself is in no network, and worth nothing in other categories.
    ['src,Nets,=,60', false],
    ['src,Nets,<,1', true],
    ['dst,Nets,=,20', true],
    ['dst,Nets,>=,21', false],
    ['both,Good,>,5', false],
    ['any,Good,>,5', true],
    ['dst,Nets,!=,19', true],
  ];
  const rules = cases.map(([asked]) => `alert icmp any any -> any any (itype:8; iprep:${asked};)`);
  const found = alertsIn(new Scene(1).ping(0, 'x'), rules, '', false, new Map(), { reputation });
  for (const [i, [asked, isMet]] of cases.entries()) t.equal(found[i] !== '', isMet, asked);
});

t.test('alone it is a rule about addresses, asked once of a flow', async (t) => {
  const scene = new Scene(1).ping(0, 'x').ping(0, 'y');
  const rules = [
    'alert ip any any -> any any (iprep:src,Bad,>,1;)',
    'alert ip any any -> any any (iprep:any,Bad,isset; itype:8;)',
  ];
  t.same(alertsIn(scene, rules, '', false, new Map(), { reputation }), ['1>', '1> 2>']);
});

t.test('without files, or with another word, a rule is refused', async (t) => {
  const asked = (options: string, given = {}) =>
    alertsIn(new Scene(1), [`alert ip any any -> any any (${options};)`], '', false, new Map(), given);
  t.throws(() => asked('iprep:src,Bad,>,1'), /reputation-categories-file/);
  for (const options of [
    'src,None,>,1',
    'up,Bad,>,1',
    'src,Bad,>,256',
    'src,Bad,~,1',
    'src,Bad,set',
    'src,Bad',
    'src,Bad,>,1,2',
  ])
    t.throws(() => asked(`iprep:${options}`, { reputation }), options);
});
