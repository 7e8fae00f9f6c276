"""What tests/servers/course runs its lessons with: programs, servers, certificates and the count of its checks."""

import contextlib
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "examples"
HSUM = pathlib.Path(sys.argv[1]).resolve(strict=True)
HAS_SERVER = (HSUM.parent / "hsum-server").exists()
WORK = pathlib.Path(tempfile.mkdtemp(prefix="hsum-course."))
# Longer than a loaded machine takes for one program.
LIMIT = 60

for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
os.chdir(WORK)
results = {"passed": 0, "failed": 0, "skipped": 0}


def check(what, good, detail=""):
    results["passed" if good else "failed"] += 1
    if not good:
        print(f"FAILED: {what}\n    {detail}", flush=True)


def skip(what, why):
    results["skipped"] += 1
    print(f"skipped: {what}: {why}", flush=True)


def run(*command, stdin=b"", **environment):
    command = [str(word) for word in command]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=LIMIT, env={**os.environ, **environment})


def hsum(*words, **options):
    return run(HSUM, *words, **options)


def must(*command, **options):
    """Runs a command that prepares something."""
    done = run(*command, **options)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr.decode()}")
    return done.stdout


def example(name):
    """Returns the path of a built example, or None."""
    folders = [HSUM.parent, HSUM.parent.parent / "release", HSUM.parent.parent / "debug"]
    return next((path for path in (folder / "examples" / name for folder in folders) if path.exists()), None)


@contextlib.contextmanager
def serving(*command):
    """Runs a server for a with block, which gets the address that the server prints first; None if it does not listen."""
    server = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        first = server.stderr.readline().decode()
        found = re.search(r"listening on (?:https?://)?([\d.]+):(\d+)", first)
        if not found:
            check(f"{command[0]} listens", False, first + server.stderr.read().decode())
        # A full pipe would stop the server.
        drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
        yield found and int(found[2])
    finally:
        server.terminate()
        server.wait()
        drain.wait() if found else None


def programs(name):
    """Returns the commands of an example and of its Python equivalent."""
    built = example(name)
    if not built:
        skip(f"example {name}", "not built")
    return ([[built]] if built else []) + [[sys.executable, PROGRAMS / f"{name}.py"]]


# Certificates.

def openssl_authority(name):
    must(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )


def openssl_certificate(name, authority, purpose, days="2"):
    must(
        "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
    )
    pathlib.Path(f"{name}.ext").write_text(
        f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage={purpose}\n"
        "subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    )
    must(
        "openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key",
        "-CAcreateserial", "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.crt",
    )


def make_certificates():
    openssl_authority("ca")
    openssl_authority("other")
    for name, authority, purpose, days in [
        ("server", "ca", "serverAuth", "2"),
        ("late-server", "ca", "serverAuth", "0"),
        ("client", "ca", "clientAuth", "2"),
        ("late-client", "ca", "clientAuth", "0"),
        ("stranger", "other", "clientAuth", "2"),
    ]:
        openssl_certificate(name, authority, purpose, days)
    # Those for 0 days have expired a second later.
    time.sleep(1.5)


def context(*identity, authority="ca.crt", strict=True):
    made = ssl.create_default_context(cafile=authority)
    if strict:
        # As Python 3.13 does by default.
        made.verify_flags |= ssl.VERIFY_X509_STRICT
    if identity:
        made.load_cert_chain(*identity)
    return made


def raises(kind, call, word=""):
    try:
        call()
    except kind as error:
        return word in str(error).upper().replace(" ", "_")
    return False


def finish():
    """Prints the counts, removes the files, and ends the program."""
    print(", ".join(f"{count} {word}" for word, count in results.items()))
    shutil.rmtree(WORK)
    sys.exit(bool(results["failed"]))
