/** The set-up of a Debian gateway, on a copy of what it changes: dry, for real, again, and taken back. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { repositoryRoot } from '../../support/needs.ts';

const run = promisify(execFile);
const SCRIPTS = join(repositoryRoot, 'firmware', 'gateway');
const SETUP = join(SCRIPTS, 'integrity.sh');
const GRUB = '/etc/default/grub.d/90-msec-integrity.cfg';
const CONFIG = [
  'IMA',
  'AUDIT',
  'SECURITYFS',
  'TCG_TPM',
  'IMA_APPRAISE',
  'IMA_APPRAISE_BOOTPARAM',
  'EVM',
  'ENCRYPTED_KEYS',
]
  .map((option) => `CONFIG_${option}=y\n`)
  .join('');
const CRYPTTAB = 'swap /dev/sda2 /dev/urandom swap\ndata /dev/sda9 none luks\n';

interface Tree {
  [path: string]: string;
}
const FILES: Tree = {
  '/etc/os-release': 'ID=debian\n',
  '/boot/config-6.1.0-56-amd64': CONFIG,
  '/etc/default/grub': 'GRUB_CMDLINE_LINUX=""\n',
  '/etc/crypttab': CRYPTTAB,
  '/usr/bin/keyctl': '',
  '/usr/sbin/cryptsetup': '',
};

function rootOf(t: { testdir(): string }, files: Tree = FILES): string {
  const root = t.testdir();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  chmodSync(root, 0o755);
  return root;
}

/** Every file and link with its mode. */
function treeOf(root: string): Tree {
  const tree: Tree = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const mode = (lstatSync(path).mode & 0o777).toString(8);
    if (entry.isFile()) tree[path.slice(root.length)] = `${mode} ${readFileSync(path, 'utf8')}`;
    if (entry.isSymbolicLink()) tree[path.slice(root.length)] = `-> ${readlinkSync(path)}`;
  }
  return tree;
}

const setUp = async (root: string, ...args: string[]) => (await run('sh', [SETUP, '--root', root, ...args])).stdout;
const DISK = ['--disk', 'data', '/dev/sda3', '/boot/disk.sealed'];

t.test('a dry run says everything and changes nothing', async (t) => {
  const root = rootOf(t);
  const before = treeOf(root);
  const said = await setUp(root, '--dry-run', '--evm', 'fix', ...DISK);
  t.same(treeOf(root), before);
  for (const path of ['/etc/ima/ima-policy', GRUB, '/usr/local/lib/msec/evm-keys', '/etc/crypttab'])
    t.match(said, `write: ${path}\n`);
  t.match(said, '  | measure func=BPRM_CHECK\n');
  t.match(said, 'run: update-grub\n');
  t.match(said, /Nothing was changed\.\n$/);
  t.notMatch(said, /^missing:/m);
});

t.test('what it sets up, once and again, is taken back whole', async (t) => {
  const root = rootOf(t);
  const before = treeOf(root);
  await setUp(root);
  const plain = treeOf(root);
  t.match(plain['/etc/ima/ima-policy'], /^644 # What a gateway measures/);
  t.notMatch(plain['/etc/ima/ima-policy'], 'appraise func', 'without EVM nothing is appraised');
  t.equal(
    plain[GRUB],
    '644 GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ima_policy=tcb ima_template=ima-ng ima_hash=sha256 integrity_audit=1"\n',
  );
  await setUp(root, '--evm', 'fix', ...DISK);
  t.match(treeOf(root)[GRUB], ' ima_appraise=fix evm=fix"\n');
  mkdirSync(join(root, 'etc/keys'));
  writeFileSync(join(root, 'etc/keys/evm-key.blob'), 'made on the gateway');
  await setUp(root, '--evm', 'on', ...DISK);
  const whole = treeOf(root);
  t.match(whole[GRUB], ' ima_appraise=log"\n');
  t.equal(
    whole['/etc/crypttab'],
    '600 swap /dev/sda2 /dev/urandom swap\ndata /dev/sda3 /run/msec-data.key luks,keyfile-erase,tries=3\n',
  );
  t.match(whole['/etc/systemd/system/msec-disk-data.service'], 'unseal /boot/disk.sealed --tpm device:/dev/tpmrm0');
  t.equal(
    whole['/etc/systemd/system/sysinit.target.wants/msec-evm.service'],
    '-> /etc/systemd/system/msec-evm.service',
  );
  const again = await setUp(root, '--evm', 'on', ...DISK);
  t.same(treeOf(root), whole, 'a second time changes nothing');
  t.notMatch(again, /^write:/m);

  const dry = await setUp(root, '--undo', '--dry-run');
  t.same(treeOf(root), whole);
  t.match(dry, 'put back: /etc/crypttab\n');
  await setUp(root, '--undo');
  t.same(treeOf(root), { ...before, '/etc/keys/evm-key.blob': '644 made on the gateway' });
  await t.rejects(setUp(root, '--undo'), { code: 1, stderr: /nothing is set up/ });
});

t.test('a Raspberry Pi has its command line in one line of a file', async (t) => {
  const file = '/boot/firmware/cmdline.txt';
  const line = 'console=tty1 root=PARTUUID=2 ima_hash=sha1 quiet\n';
  const root = rootOf(t, { ...FILES, [file]: line });
  await setUp(root);
  await setUp(root);
  t.equal(
    readFileSync(join(root, file), 'utf8'),
    'console=tty1 root=PARTUUID=2 quiet ima_policy=tcb ima_template=ima-ng ima_hash=sha256 integrity_audit=1\n',
  );
  t.notOk(existsSync(join(root, GRUB)));
  await setUp(root, '--undo');
  t.equal(readFileSync(join(root, file), 'utf8'), line);
});

t.test('what a system lacks is named', async (t) => {
  const config = CONFIG.replace('CONFIG_IMA=y\n', '# CONFIG_IMA is not set\n');
  const root = rootOf(t, { '/etc/os-release': 'ID=fedora\n', '/boot/config-6.1': config });
  const said = await setUp(root, '--evm', 'on', ...DISK);
  for (const missing of ['no Debian', 'CONFIG_IMA ', 'keyctl', 'cryptsetup', 'no key yet', 'GRUB'])
    t.match(said, new RegExp(`^missing: .*${missing}`, 'm'));
  t.match(await setUp(rootOf(t, { '/etc/os-release': 'ID=raspbian\nID_LIKE=debian\n' })), 'no kernel configuration');
});

t.test('a command line that is wrong changes nothing', async (t) => {
  const root = rootOf(t);
  const before = treeOf(root);
  for (const args of [
    ['--evm', 'off'],
    ['--disk', 'data', '/dev/sda3'],
    ['--disk', 'da ta', '/dev/sda3', '/boot/s'],
    ['--disk', 'data', '/dev/sda3\nx', '/boot/s'],
    ['--what'],
  ])
    await t.rejects(setUp(root, ...args), { code: 64 }, args.join(' '));
  t.same(treeOf(root), before);
});

t.test("EVM's key is made once, wrapped by a key that is sealed, and loaded before EVM is told", async (t) => {
  const folder = t.testdir({ bin: {}, evm: '0' });
  const log = join(folder, 'log');
  // Of a pipe both ends begin at once.
  const logged = () => readFileSync(log, 'utf8').split('\n').slice(0, -1).sort();
  const tool = (name: string, script: string) => {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  };
  const keyctl = `case $1 in add) echo 42 ;; pipe) printf 'wrapped %s' "$2" ;; padd) got=$(cat); [ "$got" ] || exit 1; echo 7 ;; esac`;
  tool('keyctl', `echo "$*" >>${log}; ${keyctl}`);
  tool(
    'msec',
    `echo "msec $*" >>${log}; case $2 in seal) echo sealed >"$3"; echo recovery ;; unseal) cat "$3" ;; esac`,
  );
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    MSEC_KEYS: join(folder, 'keys'),
    MSEC_EVM: join(folder, 'evm'),
    MSEC_PROGRAM: join(folder, 'bin', 'msec'),
  };
  const keys = (...args: string[]) => run('sh', [join(SCRIPTS, 'evm-keys'), ...args], { env });
  const sealed = `${env.MSEC_KEYS}/kmk.sealed --tpm device:/dev/tpmrm0`;
  await t.rejects(keys('load'), 'without a key nothing is told to EVM');
  t.equal((await keys('make', '0,7')).stdout, 'recovery\n');
  const made = [
    `msec device seal ${env.MSEC_KEYS}/kmk.sealed --pcrs 0,7 --tpm device:/dev/tpmrm0`,
    `msec device unseal ${sealed}`,
    'padd user kmk @u',
    'add encrypted evm-key new default user:kmk 64 @u',
    'pipe 42',
    'unlink 7 @u',
  ];
  t.same(logged(), made.sort());
  t.equal(lstatSync(join(folder, 'keys', 'evm-key.blob')).mode & 0o777, 0o600);
  await t.rejects(keys('make', '0,7'), { code: 1, stderr: /there already/ });
  rmSync(log);
  tool('msec', 'exit 65');
  await t.rejects(keys('load'), 'nor in another state than the key is sealed to');
  t.equal(readFileSync(join(folder, 'evm'), 'utf8'), '0');
  rmSync(log);
  tool('msec', `echo "msec $*" >>${log}; cat "$3"`);
  await keys('load');
  const load = ['padd user kmk @u', 'add encrypted evm-key load wrapped 42 @u', 'unlink 7 @u'];
  t.same(logged(), [`msec device unseal ${sealed}`, ...load].sort());
  t.equal(readFileSync(join(folder, 'evm'), 'utf8'), '1\n');
  await keys('load');
  t.equal(logged().length, 4, 'a second time does nothing');
});
