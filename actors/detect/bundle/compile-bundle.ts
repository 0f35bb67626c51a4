/** From a bundle to rules that can be asked, in steps. Less than the bundle says is refused: a part would go unnoticed. */
import { MsecError } from '../../../engine/index.ts';
import {
  type CompiledRules,
  compiling,
  DEFAULT_CLASSES,
  type RuleClass,
  type RuleLine,
  readClasses,
  readThresholds,
  type ThresholdLine,
} from '../inspect/index.ts';
import type { AnyProtocol } from '../protocols/index.ts';
import { LONG_STEP, type Steps } from '../rules/finished.ts';
import { readingRules } from '../rules/rule-set.ts';
import { variables } from '../rules/variables.ts';
import { type BundleFile, filesOf, type OpenedBundle } from './rule-bundle.ts';

/** As alerts name it. */
export const nameOf = ({ name, version }: Pick<OpenedBundle, 'name' | 'version'>): string => `${name} ${version}`;

/** RULES_INVALID names the first thing that is other than the bundle says. */
export function* compilingBundle(
  bundle: OpenedBundle,
  protocols: readonly AnyProtocol[],
  line?: RuleLine,
): Steps<CompiledRules> {
  const files = filesOf(bundle);
  yield LONG_STEP;
  const groups = variables(bundle.addresses, bundle.ports);
  const thresholds = thresholdsOf(files.find(({ kind }) => kind === 'thresholds') ?? null, bundle);
  const lists = new Map(files.filter(({ kind }) => kind === 'list').map(({ name, bytes }) => [name, bytes] as const));
  const texts = files
    .filter(({ kind }) => kind === 'rules')
    .map(({ name, bytes }) => ({ name, text: textOf(bytes, 'latin1'), lists }));
  const { accepted, refused } = yield* readingRules(texts, groups);
  const classes = classesOf(files.find(({ kind }) => kind === 'classes') ?? null);
  const ruleSet = nameOf(bundle);
  const compiled = yield* compiling(accepted, { protocols, classes, thresholds, ruleSet }, line);
  const loaded = accepted.length - compiled.left.length;
  if (loaded >= bundle.rules) return compiled;
  const [first] = refused;
  const [left] = compiled.left;
  const because =
    first !== undefined
      ? `${first.file}:${first.line}:${first.column}: ${first.keyword}: ${first.says} (${first.kind})`
      : left !== undefined
        ? `${left.rule.file}:${left.rule.line}: ${left.part} cannot be examined (unsupported)`
        : 'there are no more';
  throw new MsecError(
    'RULES_INVALID',
    `${ruleSet}: ${loaded} rules can be loaded, and the bundle promises ${bundle.rules}; ${because}`,
    { field: 'rules' },
  );
}

function thresholdsOf(file: BundleFile | null, bundle: OpenedBundle): readonly ThresholdLine[] {
  if (file === null) return [];
  const { lines, mistakes } = readThresholds(textOf(file.bytes, 'utf8'), variables(bundle.addresses, bundle.ports));
  const [first] = mistakes;
  if (first === undefined) return lines;
  throw new MsecError('RULES_INVALID', `${nameOf(bundle)}: ${file.name}:${first.line}: ${first.says}`, {
    field: 'thresholds',
  });
}

function classesOf(file: BundleFile | null): ReadonlyMap<string, RuleClass> {
  return file === null ? DEFAULT_CLASSES : readClasses(textOf(file.bytes, 'utf8'));
}

/** Rules are bytes: latin1. */
const textOf = (bytes: Uint8Array, encoding: 'latin1' | 'utf8'): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
