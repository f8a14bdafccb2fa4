"""The tasks of the QingCloud benchmark with nothing but Python's standard library, in the way of the vendor's Python SDK.

Written for this benchmark after the documentation of the signature: it is not the SDK. The task stands in the first argument as JSON,
each line of standard input asks for one turn, and each turn is answered with one line of JSON.
"""

import base64
import datetime
import hashlib
import hmac
import json
import sys
import time
import urllib.parse


def nic_id(number):
    text = "%08x" % number
    return "52:54:%s:%s:%s:%s" % (text[0:2], text[2:4], text[4:6], text[6:8])


def sign(request, nics):
    params = {
        "action": "AttachNics",
        "zone": "pek3a",
        "instance": "i-0abcdef1",
        "time_stamp": "2017-08-17T03:04:05Z",
        "access_key_id": "QYACCESSKEYIDEXAMPLE",
        "signature_method": "HmacSHA256",
        "signature_version": "1",
    }
    for n in range(nics):
        params["nics.%d" % (n + 1)] = nic_id(request * nics + n)
    query = "&".join("%s=%s" % (name, urllib.parse.quote(params[name], safe="-_.~")) for name in sorted(params))
    text = "GET\n/iaas\n" + query
    digest = hmac.new(b"SECRETACCESSKEY", text.encode(), hashlib.sha256).digest()
    return query + "&signature=" + urllib.parse.quote(base64.b64encode(digest), safe="-_.~")


def decode(text):
    reply = json.loads(text)
    if reply["ret_code"] != 0:
        raise ValueError("refused")
    used = 0
    for nic in reply["nic_set"]:
        nic["create_time"] = datetime.datetime.strptime(nic["create_time"], "%Y-%m-%dT%H:%M:%SZ")
        used += nic["status"] == "in-use"
    return len(reply["nic_set"]), used


def main():
    task = json.loads(sys.argv[1])
    text = open(task["file"], encoding="utf-8").read() if task["task"] == "decode" else ""
    for _line in sys.stdin:
        begun = time.perf_counter()
        if task["task"] == "sign":
            last = ""
            for request in range(task["count"]):
                last = sign(request, task["nics"])
            check = [len(last)] + list(last[-20:].encode())
        else:
            check = [0, 0]
            for _ in range(task["count"]):
                nics, used = decode(text)
                check = [check[0] + nics, check[1] + used]
        took = (time.perf_counter() - begun) * 1000
        print(json.dumps({task["task"]: [took], "check": check}), flush=True)


main()
