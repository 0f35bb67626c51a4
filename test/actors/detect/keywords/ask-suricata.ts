/**
 * Writes what Suricata makes of each group beside it. Run it where rules or the capture have changed:
 * `bin/node24 test/actors/detect/keywords/ask-suricata.ts [group…]`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EveRecord } from '../../../../actors/detect/index.ts';
import { programPath } from '../../../support/needs.ts';
import { corpusFile } from './corpus.ts';
import { type Answer, answersPath, type Group, groupNames, printAnswers, readGroup, sidOf } from './groups.ts';
import { note } from './ours.ts';

export function suricataAnswers(
  { rules, validatesChecksums, midstream }: Group,
  capture: Uint8Array,
): Map<number, Answer> {
  const folder = mkdtempSync(join(tmpdir(), 'msec-keywords-'));
  try {
    writeFileSync(join(folder, 'in.pcap'), capture);
    writeFileSync(join(folder, 'in.rules'), `${rules.join('\n')}\n`, 'latin1');
    const set = [
      `stream.midstream=${midstream}`,
      'stream.reassembly.randomize-chunk-size=no',
      'app-layer.protocols.http.libhtp.default-config.randomize-inspection-sizes=no',
      'packet-alert-max=250',
      // Suricata's parsers of Modbus, DNP3 and EtherNet/IP are off in its own configuration.
      'app-layer.protocols.modbus.enabled=yes',
      'app-layer.protocols.dnp3.enabled=yes',
      'app-layer.protocols.enip.enabled=yes',
    ].flatMap((setting) => ['--set', setting]);
    const files = ['-r', join(folder, 'in.pcap'), '-S', join(folder, 'in.rules'), '-l', folder];
    const checks = ['-k', validatesChecksums ? 'all' : 'none', '--runmode', 'single'];
    const run = spawnSync(programPath('suricata'), [...files, ...checks, ...set], {
      encoding: 'utf8',
      timeout: 100_000,
    });
    if (run.status !== 0) throw new Error(`suricata: ${run.stderr}`);
    const found = new Map<number, number[]>();
    for (const line of readFileSync(join(folder, 'eve.json'), 'utf8').split('\n'))
      if (line.includes('"event_type":"alert"')) note(found, JSON.parse(line) as EveRecord);
    const log = `${run.stdout}\n${run.stderr}`;
    const refused = new Set(
      [...log.matchAll(/error parsing signature "(.*)" from file/g)].map(([, rule]) => sidOf(rule!)),
    );
    return new Map(
      rules.map((rule) => {
        const sid = sidOf(rule);
        return [sid, { isAccepted: !refused.has(sid), packets: found.get(sid) ?? [] }] as const;
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const capture = corpusFile();
  const asked = process.argv.slice(2);
  for (const name of asked.length > 0 ? asked : groupNames())
    writeFileSync(answersPath(name), printAnswers(suricataAnswers(readGroup(name), capture)));
}
