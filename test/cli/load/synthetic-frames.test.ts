import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadConfig } from '../../../cli/config/index.ts';
import { configuredFrameTypes } from '../../../cli/frame-types.ts';
import { loadTypes } from '../../../cli/load/synthetic-frames.ts';
import { seededRandom } from '../../../engine/index.ts';
import { FrameContext, frameTypes } from '../../../schemas/index.ts';
import { repositoryRoot } from '../../support/needs.ts';

const NOW = Date.UTC(2026, 10, 25, 12);
const context = new FrameContext(() => undefined);

function described(t: Test) {
  const folder = join(repositoryRoot, 'test', 'schemas', 'descriptions');
  const frames = JSON.stringify([join(folder, 'air.yaml'), join(folder, 'gate.yaml')]);
  const cwd = t.testdir({ 'msec.yaml': `frames: ${frames}\n` });
  return loadConfig(undefined, cwd).config;
}

t.test('every frame of every type decodes, is in range and names its device', async (t) => {
  const config = described(t);
  const codecs = configuredFrameTypes(config);
  const types = loadTypes(config, ['enmon', 'crowd', 'air', 'gate']);
  for (const type of types) {
    const codec = codecs.byName(type.name)!;
    for (let device = 1; device < 20; device++) {
      const identity = type.identity(device);
      if (codec.identity !== null) t.match(identity, new RegExp(codec.identity.pattern));
      const make = type.maker(identity, seededRandom(device));
      const reading = codec.create();
      for (let frame = 0; frame < 50; frame++) {
        const bytes = make(NOW);
        codec.decode(bytes, 0, bytes.length, reading, context);
        const isNamed =
          codec.identity === null || codec.identityEquals(bytes, reading, new TextEncoder().encode(identity));
        const outOfRange = codec.flagNames.filter(
          (name, i) => name.startsWith('outOfRange') && (reading.flags & (1 << i)) !== 0,
        );
        if (!isNamed || outOfRange.length > 0) t.fail(`${type.name}: ${isNamed} ${outOfRange}`);
      }
    }
  }
});

t.test('types are those of the configuration, or else the fleet’s, or those that are named', async (t) => {
  const names = (types: readonly { name: string }[]) => types.map(({ name }) => name);
  const config = described(t);
  t.same(names(loadTypes(config, null)), ['air', 'gate']);
  t.same(names(loadTypes({ ...config, frames: [] }, null)), ['enmon', 'crowd']);
  t.same(names(loadTypes(config, ['gate'])), ['gate']);
  t.throws(() => loadTypes(config, ['gat']), /no frame type gat, did you mean gate/);
  t.equal(frameTypes().byName('air'), null);
});
