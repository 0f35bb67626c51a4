/** The thread in which a bundle is compiled before anybody uses it. */
import t from 'tap';
import { peekBundle } from '../../../actors/detect/index.ts';
import { checkInThread } from '../../../services/ids-rules/index.ts';
import { rulesFile, SIGNER, STRANGER, signed, udpRule } from '../../actors/detect/bundle/bundles.ts';

t.test('a bundle of a trusted key is compiled there', async (t) => {
  const bundle = signed([rulesFile(udpRule(1, 'abc'), 'alert tcp any any <> any 80 (content:"x"; sid:2;)')], {
    ...{ version: 4, rules: 2 },
  });
  const checked = await checkInThread(bundle, [STRANGER.publicKey, SIGNER.publicKey]);
  t.same(checked, { digest: peekBundle(bundle).digest, name: 'city', version: 4, loaded: 2 }, 'both ways are one rule');
});

t.test('what is wrong with one comes back as it was said', async (t) => {
  const broken = rulesFile('alert udp any any -> any any (content:"a"; depth:0; sid:1;)');
  await t.rejects(checkInThread(signed([broken]), [SIGNER.publicKey]), {
    ...{ code: 'RULES_INVALID', field: 'rules', message: /local\.rules:1:\d+: depth/ },
  });
  await t.rejects(checkInThread(signed([broken]), [STRANGER.publicKey]), { code: 'SIGNATURE_INVALID' });
  await t.rejects(checkInThread(Buffer.from('no bundle'), [SIGNER.publicKey]), { code: 'RULES_INVALID' });
});
