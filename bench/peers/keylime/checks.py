"""Keylime's verifier code, check after check on one core, on the devices that bench/workloads/attest wrote; prints checks a second.

checks.py FILE ROUNDS: with the boot log in each check where ROUNDS is not 0, for so many rounds.
"""
import base64
import gc
import json
import logging
import struct
import sys
import time
import types

# Signs policies, which are no part of this; it is no package of pip's.
sys.modules["gpg"] = types.ModuleType("gpg")
from keylime.agentstates import AgentAttestState  # noqa: E402
from keylime.common.algorithms import Hash  # noqa: E402
from keylime.ima import ima  # noqa: E402
from keylime.mba import mba  # noqa: E402
from keylime.tpm.tpm_main import Tpm  # noqa: E402

# What it would log of each check costs it more than the check.
logging.disable(logging.CRITICAL)
mba.load_imports(skip_custom_policies=True)
ROUNDS = int(sys.argv[2])


def pcr_blob(values):
    """As tpm2-tools write it: structures of C, in memory's order."""
    blob = struct.pack("<I", 1) + struct.pack("<HB3sxx", 0x000B, 3, ((1 << len(values)) - 1).to_bytes(3, "little"))
    lists = [values[i : i + 8] for i in range(0, len(values), 8)]
    blob += bytes(15 * 8) + struct.pack("<I", len(lists))
    for part in lists:
        blob += struct.pack("<I", len(part))
        for value in part + [b""] * (8 - len(part)):
            blob += struct.pack("<H", len(value)) + value.ljust(64, b"\0")
    return base64.b64encode(blob).decode()


class Device:
    def __init__(self, line):
        device = json.loads(line)
        area = base64.b64decode(device["key"])
        self.key = base64.b64encode(struct.pack(">H", len(area)) + area).decode()
        self.policy = {pcr: [value] for pcr, value in enumerate(device["boot"])}
        self.boot = [bytes.fromhex(value) for value in device["boot"]]
        self.files = ima.empty_policy()
        self.files["digests"] = device["files"]
        self.log = device["log"] if ROUNDS > 0 else None
        self.state = AgentAttestState(device["name"])
        self.rounds = [self.round(item) for item in device["rounds"]]

    def round(self, item):
        pcrs = pcr_blob(self.boot + [bytes.fromhex(item["quoted"])])
        quote = f"r{item['quote']}:{item['signature']}:{pcrs}"
        return base64.b64decode(item["nonce"]), quote, base64.b64decode(item["list"]).decode()

    def check(self, number):
        nonce, quote, entries = self.rounds[number]
        failure = Tpm().check_quote(
            self.state,
            nonce,
            None,
            quote,
            self.key,
            tpm_policy=self.policy,
            ima_measurement_list=entries,
            runtime_policy=self.files,
            hash_alg=Hash.SHA256,
            mb_measurement_list=self.log,
            # Anything but an empty one has the log replayed; its rules themselves are not evaluated.
            mb_policy=None if self.log is None else '{"replay": true}',
        )
        if failure:
            raise RuntimeError([event.event_id for event in failure.events])


with open(sys.argv[1], encoding="utf-8") as file:
    devices = [Device(line) for line in file]
for device in devices:
    device.check(0)
gc.collect()
rounds = ROUNDS + 1 if ROUNDS > 0 else len(devices[0].rounds)
start = time.perf_counter()
for number in range(1, rounds):
    for device in devices:
        device.check(number)
print(len(devices) * (rounds - 1) / (time.perf_counter() - start))
