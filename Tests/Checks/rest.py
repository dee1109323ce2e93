# Part of daqd
# SPDX-License-Identifier: MIT
"""The REST frontend of the shipped site: a series and its files as a client sees them, and schemathesis over everything."""
import hashlib
import pathlib
import subprocess
import sys
import urllib.request

from daemon import SHIPPED, expect, run_on_one_site

# Waits are short, so that long commands go on as operations and the run stays bounded.
CONFIGURATION = SHIPPED.replace("{type: rest, port: 8080}", "{type: rest, port: 8080, wait: 1, maximum_wait: 10}")
# All but positive_data_acceptance: a detector has rules that no description holds, such as "not empty" or "above threshold 1".
SCHEMATHESIS_CHECKS = ",".join([
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "unsupported_method",
])


def fetch(site, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{site.rest}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, answer.read()


def series_is_seen_and_its_files_are_those_on_the_disk(site):
    site.poll("the detector's initialisation", site.initialized)
    for name, value in {"exposure_time": 0.5, "frame_time": 0.1}.items():
        site.call("PUT", f"devices/eiger1/parameters/series/{name}", {"value": value})
    operation = site.call("POST", "devices/eiger1/commands/acquire?wait=10")
    expect(operation["state"] == "succeeded", operation)
    run = site.call("GET", "runs?limit=1")["runs"][0]
    expect(run["state"] == "done" and run["frames"] == "5 of 5 frames", run)
    record = site.call("GET", f"acquisitions/{run['id']}")
    expect(len(record["artifacts"]) >= 2 and record["missing"] == 0, record)
    for artifact in record["artifacts"]:
        _, whole = fetch(site, artifact["links"]["self"])
        expect(hashlib.sha256(whole).hexdigest() == artifact["sha256"], "the sum of", artifact)
        expect(whole == pathlib.Path(artifact["path"]).read_bytes(), "the bytes of", artifact)
        status, part = fetch(site, artifact["links"]["self"], Range="bytes=100-1099")
        expect(status == 206 and part == whole[100:1100], "a part of", artifact)


def schemathesis_finds_no_server_error_and_no_breach_of_the_description(site):
    tool = pathlib.Path(sys.executable).parent / "schemathesis"
    base = f"http://127.0.0.1:{site.rest}"
    result = subprocess.run(
        [tool, "run", base + "/api/v1/openapi.json", "--url", base, "--checks", SCHEMATHESIS_CHECKS, "--max-examples", "3",
         "--seed", "1", "--no-color", "--exclude-path", "/api/v1/events", "--request-timeout", "60", "--phases", "coverage,fuzzing"],
        capture_output=True, text=True, timeout=380, cwd=site.directory)
    expect(result.returncode == 0, result.stdout[-6000:], result.stderr)
    expect(site.process.poll() is None, "daqd ended")


def main():
    run_on_one_site("daqd-rest-", CONFIGURATION, [
        series_is_seen_and_its_files_are_those_on_the_disk, schemathesis_finds_no_server_error_and_no_breach_of_the_description])


if __name__ == "__main__":
    main()
