"""Keylime's own verifier code on cases of test/oracle/attestation/cases.ts: one JSON object a line in, a verdict a line out."""
import base64
import json
import logging
import struct
import sys
import types

# Signs policies, which are no part of this; it is no package of pip's.
sys.modules["gpg"] = types.ModuleType("gpg")
from keylime.agentstates import AgentAttestState  # noqa: E402
from keylime.common.algorithms import Hash  # noqa: E402
from keylime.ima import ima  # noqa: E402
from keylime.mba import mba  # noqa: E402
from keylime.tpm.tpm_main import Tpm  # noqa: E402

logging.disable(logging.CRITICAL)
mba.load_imports(skip_custom_policies=True)


def pcr_blob(pcrs):
    """As tpm2-tools write it: structures of C, in memory's order."""
    bits = 0
    for index, _ in pcrs:
        bits |= 1 << index
    blob = struct.pack("<I", 1)
    blob += struct.pack("<HB3sxx", 0x000B, 3, bits.to_bytes(3, "little")) + bytes(15 * 8)
    values = [bytes.fromhex(value) for _, value in sorted(pcrs)]
    lists = [values[i : i + 8] for i in range(0, len(values), 8)]
    blob += struct.pack("<I", len(lists))
    for part in lists:
        blob += struct.pack("<I", len(part))
        for value in part + [b""] * (8 - len(part)):
            blob += struct.pack("<H", len(value)) + value.ljust(64, b"\0")
    return blob


def check_quote(case):
    area = base64.b64decode(case["key"])
    key = base64.b64encode(struct.pack(">H", len(area)) + area).decode()
    pcrs = base64.b64encode(pcr_blob(case["pcrs"])).decode()
    quote = f"r{case['attest']}:{case['signature']}:{pcrs}"
    # With the PCRs in its policy: a signature that does not hold comes out of its check as an empty sentence (that of
    # cryptography's InvalidSignature), which counts as none. It is the PCRs that are missing then that refuse the quote.
    policy = {index: [value] for index, value in case["pcrs"]}
    nonce = base64.b64decode(case["nonce"])
    failure = Tpm().check_quote(AgentAttestState("device"), nonce, None, quote, key, tpm_policy=policy)
    return [event.event_id for event in failure.events]


def check_ima(case):
    policy = ima.empty_policy()
    policy["digests"] = case["files"]
    _, failure = ima.process_measurement_list(
        AgentAttestState("device"),
        base64.b64decode(case["list"]).decode("utf-8").split("\n"),
        policy,
        pcrval=case["quoted"],
        hash_alg=Hash.SHA256,
    )
    return [event.event_id for event in failure.events]


for line in open(sys.argv[1], encoding="utf-8"):
    case = json.loads(line)
    if case["kind"] == "boot":
        continue
    try:
        events = check_quote(case) if case["kind"] == "quote" else check_ima(case)
        print(case["id"], "refused" if events else "accepted", ",".join(sorted(set(events))))
    except Exception as error:  # An exception is how it refuses what it cannot read.
        print(case["id"], "refused", type(error).__name__)
