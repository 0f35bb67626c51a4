/** What both engines say of rules: taken, or why not. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readRules, SENSOR_DEFAULTS, Sensor, variables } from '../../../../../actors/detect/index.ts';
import { programPath } from '../../../../support/needs.ts';

const run = promisify(execFile);

export interface Refusal {
  readonly kind: 'wrong' | 'unsupported';
  readonly says: string;
}

/** By the place in the list; a rule that is taken is not there. */
export function ourRefusals(rules: readonly string[]): Map<number, Refusal> {
  const { accepted, refused } = readRules([{ name: 'r', text: rules.join('\n') }], variables());
  const found = new Map(
    refused.map(({ line, keyword, kind, says }) => [line - 1, { kind, says: `${keyword}: ${says}` } as Refusal]),
  );
  const sensor = new Sensor(accepted, { ...SENSOR_DEFAULTS, tellsAll: false }, () => undefined);
  for (const { rule, part } of sensor.left) found.set(rule.line - 1, { kind: 'unsupported', says: `left: ${part}` });
  return found;
}

/** The same of Suricata, with what it said before it refused the rule. */
export async function theirRefusals(rules: readonly string[]): Promise<Map<number, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'msec-acceptance-'));
  try {
    writeFileSync(join(folder, 'in.rules'), `${rules.join('\n')}\n`, 'latin1');
    writeFileSync(join(folder, 'threshold.config'), '');
    const set = [
      `threshold-file=${join(folder, 'threshold.config')}`,
      'app-layer.protocols.modbus.enabled=yes',
      'app-layer.protocols.dnp3.enabled=yes',
      'app-layer.protocols.enip.enabled=yes',
    ];
    const { stdout, stderr } = await run(
      programPath('suricata'),
      ['-T', '-v', '-S', join(folder, 'in.rules'), '-l', folder, ...set.flatMap((setting) => ['--set', setting])],
      { maxBuffer: 256 * 1024 * 1024, encoding: 'latin1' },
    ).catch((thrown: { readonly stdout: string; readonly stderr: string }) => thrown);
    const failed = /(\d+) rules failed/.exec(`${stdout}\n${stderr}`)?.[1];
    const found = new Map<number, string>();
    let before: string[] = [];
    for (const line of `${stdout}\n${stderr}`.split('\n')) {
      const at = /^Error: detect: error parsing signature .* at line (\d+)/.exec(line)?.[1];
      if (at !== undefined) {
        found.set(Number(at) - 1, before.join(' / '));
        before = [];
      } else if (/^(?:Error|Warning): /.test(line)) before.push(line.replace(/^\w+: /, ''));
    }
    if (failed === undefined || Number(failed) !== found.size)
      throw new Error(`suricata: ${failed ?? 'no number of'} rules failed, ${found.size} were named`);
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
