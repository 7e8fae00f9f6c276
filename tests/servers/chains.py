"""Made-up chains of certificates, about which 'hsum cert verify' and OpenSSL must agree."""

import concurrent.futures
import datetime
import itertools
import pathlib
import time

from judges import run

# Why 'hsum cert verify' rejects what OpenSSL accepts: the only differences there may be.
STRICTER = {
    "version 1": "X.509 v1 has no extensions, so nothing says what it is for; rustls rejects it",
    "common name": "a host is looked up in the subject alternative names only (RFC 9525, section 2)",
    "partial wildcard": "'w*.example.org' is not a wildcard (RFC 9525, section 6.3)",
    "other algorithms": "rustls with ring verifies RSA of 2048 bits and more, Ed25519, and P-256 and P-384 with "
                        "SHA-256 and SHA-384 only",
    "authority as server": "rustls rejects the certificate of an authority as that of a server or client",
}
# Why it accepts what OpenSSL rejects.
LAXER = {
    "several paths": "OpenSSL tries only the first certificate that fits, hsum all of them",
}

LEAF = {
    "basicConstraints": "critical,CA:FALSE",
    "keyUsage": "critical,digitalSignature,keyEncipherment",
    "extendedKeyUsage": "serverAuth,clientAuth",
    "subjectKeyIdentifier": "hash",
    "authorityKeyIdentifier": "keyid:always",
    "subjectAltName": "DNS:www.example.org",
}
AUTHORITY = {
    "basicConstraints": "critical,CA:TRUE",
    "keyUsage": "critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier": "hash",
    "authorityKeyIdentifier": "keyid:always",
}
UNKNOWN = {"1.3.6.1.4.1.99999.1": "critical,ASN1:UTF8String:unknown"}
KEYS = {
    "p256": "EC -pkeyopt ec_paramgen_curve:P-256", "p384": "EC -pkeyopt ec_paramgen_curve:P-384",
    "p224": "EC -pkeyopt ec_paramgen_curve:P-224", "p521": "EC -pkeyopt ec_paramgen_curve:P-521",
    "secp256k1": "EC -pkeyopt ec_paramgen_curve:secp256k1", "ed25519": "ED25519", "ed448": "ED448",
    "rsa1024": "RSA -pkeyopt rsa_keygen_bits:1024", "rsa2048": "RSA -pkeyopt rsa_keygen_bits:2048",
    "rsa2047": "RSA -pkeyopt rsa_keygen_bits:2047", "rsa3072": "RSA -pkeyopt rsa_keygen_bits:3072",
    "other": "EC -pkeyopt ec_paramgen_curve:P-256",
}
SUPPORTED = {"p256", "p384", "ed25519", "rsa2048", "rsa3072", "other"}
DAY = 86400


class Certificate:
    def __init__(self, path, key=None, serial=None):
        self.path, self.key, self.serial = path, key, serial


class Maker:
    """Makes keys, certificates and revocation lists with OpenSSL."""

    def __init__(self, work):
        self.work = work
        self.number = 0
        self.made = {}
        for name, words in KEYS.items():
            self.openssl("genpkey", "-algorithm", *words.split(), "-out", self.key(name))
            self.openssl("pkey", "-in", self.key(name), "-pubout", "-out", work / f"{name}.pub")

    def openssl(self, *words):
        result = run(["openssl", *words])
        if result.returncode != 0:
            raise RuntimeError(f"openssl {words}: {result.stderr}")

    def key(self, name):
        return self.work / f"{name}.key"

    def file(self, suffix):
        self.number += 1
        return self.work / f"{self.number}.{suffix}"

    def certificate(self, subject, extensions, issuer=None, key="p256", days=60, digest="sha256", options=()):
        """Makes a certificate; without an issuer, it signs itself. No extensions: version 1."""
        arguments = (subject, tuple(extensions.items()), issuer, key, days, digest, tuple(options))
        if arguments in self.made:
            return self.made[arguments]
        path, text = self.file("crt"), self.file("ext")
        text.write_text("".join(f"{name}={value}\n" for name, value in extensions.items()))
        serial = self.number + 1000
        words = ["x509", "-new", "-subj", subject, "-days", days, "-out", path, "-set_serial", serial]
        words += ["-extfile", text] if extensions else []
        signer = issuer.key if issuer else key
        words += [] if signer.startswith("ed") else [f"-{digest}"]
        if issuer:
            words += ["-force_pubkey", self.work / f"{key}.pub", "-CA", issuer.path, "-CAkey", self.key(issuer.key)]
        else:
            words += ["-key", self.key(key)]
        self.openssl(*words, *options)
        self.made[arguments] = Certificate(path, key, serial)
        return self.made[arguments]

    def root(self, changes=(), **options):
        return self.certificate(options.pop("subject", "/CN=Root"), changed(AUTHORITY, changes), **options)

    def inter(self, issuer, changes=(), **options):
        subject = options.pop("subject", "/CN=Intermediate")
        return self.certificate(subject, changed(AUTHORITY, changes), issuer, **options)

    def leaf(self, issuer, changes=(), **options):
        subject = options.pop("subject", "/CN=Leaf")
        return self.certificate(subject, changed(LEAF, changes), issuer, **options)

    def tampered(self, certificate):
        """Changes the last byte of the signature."""
        der = self.file("der")
        self.openssl("x509", "-in", certificate.path, "-outform", "DER", "-out", der)
        bytes_ = bytearray(der.read_bytes())
        bytes_[-1] ^= 1
        der.write_bytes(bytes_)
        path = self.file("crt")
        self.openssl("x509", "-inform", "DER", "-in", der, "-out", path)
        return Certificate(path, certificate.key, certificate.serial)

    def revocation_list(self, issuer, revoked=(), days=30):
        index, path, config = self.file("index"), self.file("crl"), self.file("cnf")
        rows = [f"R\t400101000000Z\t250101000000Z\t{one.serial:04X}\tunknown\t/CN=x\n" for one in revoked]
        index.write_text("".join(rows))
        config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}\ndefault_md=sha256\ncrl_extensions=c\n"
                          "[c]\nauthorityKeyIdentifier=keyid:always\n")
        self.openssl("ca", "-gencrl", "-config", config, "-cert", issuer.path, "-keyfile", self.key(issuer.key),
                     "-crldays", days, "-out", path)
        return path


def changed(extensions, changes):
    """Replaces extensions; None removes one."""
    return {name: value for name, value in {**extensions, **dict(changes)}.items() if value is not None}


class Case:
    """A question for both verifiers, and the rule by which their answers differ."""

    def __init__(self, title, target, anchors, chain=(), host=None, purpose=None, days=0, lists=(),
                 all_lists=False, rule=None):
        self.title, self.target, self.anchors, self.chain, self.host = title, target, anchors, chain, host
        self.purpose, self.days, self.lists, self.all_lists, self.rule = purpose, days, lists, all_lists, rule

    def by_openssl(self, now):
        words = ["openssl", "verify", "-x509_strict", "-auth_level", "2", "-partial_chain", "-no-CApath"]
        for one in self.anchors:
            words += ["-trusted", one.path]
        for one in self.chain:
            words += ["-untrusted", one.path]
        if self.host:
            is_address = self.host[0].isdigit() or ":" in self.host
            words += ["-verify_ip" if is_address else "-verify_hostname", self.host]
        purpose = self.purpose or ("server" if self.host else None)
        words += ["-purpose", f"ssl{purpose}"] if purpose else []
        for path in self.lists:
            words += ["-CRLfile", path]
        if self.lists:
            words.append("-crl_check_all" if self.all_lists else "-crl_check")
        return run([*words, "-attime", str(int(now + self.days * DAY)), self.target.path])

    def by_hsum(self, hsum, now):
        words = [hsum, "cert", "verify", self.target.path]
        for option, files in (("--ca", self.anchors), ("--chain", self.chain)):
            for one in files:
                words += [option, one.path]
        for path in self.lists:
            words += ["--crl", path]
        words += ["--host", self.host] if self.host else []
        words += ["--purpose", self.purpose] if self.purpose else []
        at = datetime.datetime.fromtimestamp(int(now + self.days * DAY), datetime.timezone.utc)
        return run([*words, "--at", at.strftime("%Y-%m-%dT%H:%M:%SZ")])


def names(make, root):
    """Host names and addresses."""
    plain = ["www.example.org", "WWW.EXAMPLE.ORG", "example.org", "a.www.example.org", "ww.example.org"]
    table = {
        "DNS:www.example.org": plain,
        "DNS:WWW.Example.org": plain[:3],
        "DNS:*.example.org": [*plain, "a.b.example.org", "127.0.0.1"],
        "DNS:*.org": ["example.org", "www.example.org", "org"],
        "DNS:w*.example.org": ["www.example.org", "example.org"],
        "DNS:*w.example.org": ["www.example.org"],
        "DNS:www.*.org": ["www.example.org"],
        "DNS:*.*.org": ["www.example.org"],
        "DNS:a.test,DNS:b.test,IP:10.0.0.1": ["a.test", "b.test", "c.test", "10.0.0.1", "10.0.0.2"],
        "IP:127.0.0.1": ["127.0.0.1", "127.0.0.2", "localhost"],
        "IP:::1": ["::1", "::2", "127.0.0.1"],
        "DNS:127.0.0.1": ["127.0.0.1"],
        "DNS:xn--bcher-kva.example": ["xn--bcher-kva.example", "xn--bcher-kvb.example"],
        "DNS:a_b.example.org": ["a_b.example.org"],
        "email:www@example.org": ["www.example.org"],
        "URI:https://www.example.org/": ["www.example.org"],
        None: ["www.example.org", "example.org"],
    }
    rules = {("DNS:w*.example.org", "www.example.org"): "partial wildcard",
             ("DNS:*w.example.org", "www.example.org"): "partial wildcard"}
    for san, hosts in table.items():
        leaf = make.leaf(root, {"subjectAltName": san})
        for host in hosts:
            yield Case(f"{san} for {host}", leaf, [root], host=host, rule=rules.get((san, host)))
    for san in (None, "email:www@example.org", "IP:10.0.0.1", "DNS:other.test"):
        leaf = make.leaf(root, {"subjectAltName": san}, subject="/CN=www.example.org")
        # OpenSSL looks into the common name if there are no DNS names.
        rule = None if san and "DNS" in san else "common name"
        yield Case(f"common name beside {san}", leaf, [root], host="www.example.org", rule=rule)


def purposes(make, root):
    """Extended key usage and key usage."""
    extended = [None, "serverAuth", "clientAuth", "codeSigning", "anyExtendedKeyUsage"]
    usages = [None, "digitalSignature", "keyEncipherment", "keyAgreement", "nonRepudiation", "keyCertSign"]
    for allowed, usage in itertools.product(extended, usages):
        leaf = make.leaf(root, {"extendedKeyUsage": allowed, "keyUsage": usage})
        for purpose in (None, "server", "client"):
            yield Case(f"{allowed} and {usage} for {purpose}", leaf, [root], purpose=purpose)


def authorities(make, root):
    """What authorities may lack."""
    changes = {
        "right": {}, "no constraints": {"basicConstraints": None},
        "not an authority": {"basicConstraints": "critical,CA:FALSE"},
        "constraints not critical": {"basicConstraints": "CA:TRUE"}, "no key usage": {"keyUsage": None},
        "cannot sign": {"keyUsage": "critical,digitalSignature"}, "path length 0": {"basicConstraints": "critical,CA:TRUE,pathlen:0"},
        "path length 1": {"basicConstraints": "critical,CA:TRUE,pathlen:1"},
        "no key identifier": {"subjectKeyIdentifier": None}, "no authority identifier": {"authorityKeyIdentifier": None},
        "unknown extension": UNKNOWN, "for clients": {"extendedKeyUsage": "clientAuth"},
        "for servers": {"extendedKeyUsage": "serverAuth"},
    }
    for above, below in itertools.product(changes, changes):
        if above not in ("right", "no constraints", "constraints not critical", "no key usage", "cannot sign",
                         "path length 0", "unknown extension", "for clients", "no key identifier") and below != "right":
            continue
        identifier = {"authorityKeyIdentifier": None} if "subjectKeyIdentifier" in changes[above] else {}
        own = {**identifier, **changes[below]}
        top = make.root({"authorityKeyIdentifier": None, **changes[above]})
        middle = make.inter(top, own)
        leaf = make.leaf(middle, {"authorityKeyIdentifier": None} if "subjectKeyIdentifier" in own else {})
        title = f"{below} below {above}"
        yield Case(title, leaf, [top], [middle], purpose="server")
        if below in ("right", "path length 0", "cannot sign"):
            yield Case(f"authority: {title}", middle, [top])
    middle = make.inter(root)
    yield Case("authority as server", make.inter(root, {"keyUsage": "critical,keyCertSign,digitalSignature"}),
               [root], purpose="server", rule="authority as server")
    for length in range(4):
        top = make.root({"basicConstraints": f"critical,CA:TRUE,pathlen:{length}"})
        path = [make.inter(top, subject="/CN=Inter 1")]
        for n in (2, 3):
            path.append(make.inter(path[-1], subject=f"/CN=Inter {n}"))
            yield Case(f"{n} authorities below path length {length}", make.leaf(path[-1]), [top], list(path))
    yield Case("intermediate trusted", make.leaf(middle), [middle])
    yield Case("root by itself", root, [root])


def times(make, _root):
    """Validity of each part of the path."""
    for days in ((10, 20, 30), (30, 10, 20), (20, 30, 10), (30, 30, 30)):
        leaf_days, middle_days, root_days = days
        top = make.root(days=root_days)
        middle = make.inter(top, days=middle_days)
        leaf = make.leaf(middle, days=leaf_days)
        for at in (-2, 1, 15, 25, 40):
            yield Case(f"days {days} at {at}", leaf, [top], [middle], days=at)


def signatures(make, root):
    """Wrong, missing and additional certificates."""
    middle = make.inter(root)
    leaf = make.leaf(middle)
    other = make.root(key="other")
    unrelated = make.root(subject="/CN=Unrelated", key="other")
    swapped = make.inter(root, key="other")
    blind = {"authorityKeyIdentifier": None}
    alone = make.leaf(None, {"authorityKeyIdentifier": None})
    cross = make.inter(unrelated)
    yield Case("complete", leaf, [root], [middle])
    yield Case("missing intermediate", leaf, [root])
    yield Case("missing root", leaf, [unrelated], [middle])
    yield Case("wrong order", leaf, [root], [root, unrelated, middle])
    yield Case("another root of the same name", leaf, [other], [middle])
    yield Case("both roots of the same name", leaf, [other, root], [middle])
    yield Case("another intermediate of the same name", leaf, [root], [swapped])
    yield Case("both intermediates of the same name", leaf, [root], [swapped, middle])
    yield Case("signed by another key, without identifier", make.leaf(middle, blind), [root], [swapped])
    yield Case("changed leaf", make.tampered(leaf), [root], [middle])
    yield Case("changed intermediate", leaf, [root], [make.tampered(middle)])
    yield Case("changed root", leaf, [make.tampered(root)], [middle])
    yield Case("signed by itself", alone, [root])
    yield Case("signed by itself and trusted", alone, [alone])
    yield Case("signed by itself, trusted, for a host", alone, [alone], host="www.example.org")
    yield Case("signed by itself, trusted, for another host", alone, [alone], host="example.org")
    yield Case("signed by a leaf", make.leaf(leaf, subject="/CN=Below"), [root], [leaf, middle])
    yield Case("cross-signed, first root", leaf, [root], [cross, middle], rule="several paths")
    yield Case("cross-signed, second root", leaf, [unrelated], [middle, cross], rule="several paths")
    yield Case("unknown critical extension", make.leaf(root, UNKNOWN), [root])
    yield Case("unknown extension", make.leaf(root, {"1.3.6.1.4.1.99999.1": "ASN1:UTF8String:x"}), [root])
    yield Case("no authority identifier", make.leaf(root, blind), [root])
    yield Case("no key identifier", make.leaf(root, {"subjectKeyIdentifier": None}), [root])
    yield Case("no constraints", make.leaf(root, {"basicConstraints": None}), [root])
    yield Case("empty subject", make.leaf(root, subject="/"), [root])
    yield Case("empty subject, critical names", make.leaf(root, {"subjectAltName": "critical,DNS:a.test"}, subject="/"), [root])
    yield Case("empty subject, no names", make.leaf(root, {"subjectAltName": None}, subject="/"), [root])
    yield Case("leaf with path length", make.leaf(root, {"basicConstraints": "critical,CA:FALSE,pathlen:0"}), [root])
    yield Case("version 1 leaf", make.certificate("/CN=Old", {}, root), [root], rule="version 1")
    old = make.certificate("/CN=Old Root", {})
    yield Case("version 1 root", make.leaf(old, blind), [old])


def algorithms(make, root):
    """Keys and hash functions."""
    for key in KEYS:
        short = "other algorithms" if key == "rsa2047" else None
        yield Case(f"leaf with {key}", make.leaf(root, key=key), [root], purpose="server", rule=short)
        top = make.root(key=key)
        # OpenSSL rejects this one too.
        rule = None if key in SUPPORTED or key == "rsa1024" else "other algorithms"
        yield Case(f"signed by {key}", make.leaf(top), [top], rule=rule)
    for key in ("rsa2048", "p256", "p384"):
        top = make.root(key=key)
        for digest in ("sha1", "sha224", "sha384", "sha512"):
            is_other = digest == "sha224" or digest == "sha512" and key != "rsa2048"
            rule = "other algorithms" if is_other else None
            leaf = make.leaf(top, digest=digest)
            yield Case(f"{digest} by {key}", leaf, [top], rule=rule)
    top = make.root(key="rsa2048")
    pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
    yield Case("RSA-PSS", make.leaf(top, options=pss), [top])


def constraints(make, _root):
    """Name constraints of an authority."""
    limits = ["permitted;DNS:example.org", "excluded;DNS:example.org", "permitted;IP:10.0.0.0/255.0.0.0",
              "excluded;IP:10.0.0.0/255.0.0.0", "permitted;DNS:.example.org",
              "permitted;DNS:example.org,permitted;IP:10.0.0.0/255.0.0.0"]
    sans = ["DNS:example.org", "DNS:www.example.org", "DNS:badexample.org", "DNS:other.test", "IP:10.1.2.3",
            "IP:11.1.2.3", "DNS:www.example.org,IP:10.0.0.1", "DNS:www.example.org,DNS:other.test"]
    for limit in limits:
        top = make.root({"nameConstraints": f"critical,{limit}"})
        plain = make.root()
        middle = make.inter(plain, {"nameConstraints": f"critical,{limit}"})
        for san in sans:
            yield Case(f"{san} below a root with {limit}", make.leaf(top, {"subjectAltName": san}), [top])
            leaf = make.leaf(middle, {"subjectAltName": san})
            yield Case(f"{san} below {limit}", leaf, [plain], [middle])


def revocations(make, root):
    """Revocation lists."""
    middle = make.inter(root)
    good, bad = make.leaf(middle), make.leaf(middle, subject="/CN=Bad")
    of_root, of_middle = make.revocation_list(root), make.revocation_list(middle, [bad])
    old = make.revocation_list(middle, [bad], days=5)
    top_revokes = make.revocation_list(root, [middle])
    mute = make.inter(root, {"keyUsage": "critical,keyCertSign"}, subject="/CN=Mute")
    by_mute = make.revocation_list(mute)
    swapped = make.inter(root, key="other")
    foreign = make.revocation_list(swapped)
    for title, target, lists, whole, days in (
        ("not revoked", good, [of_middle], False, 1), ("revoked", bad, [of_middle], False, 1),
        ("no list of the issuer", good, [of_root], False, 1), ("list out of date", good, [old], False, 10),
        ("revoked by a list out of date", bad, [old], False, 10), ("all lists", good, [of_middle, of_root], True, 1),
        ("revoked, all lists", bad, [of_root, of_middle], True, 1),
        ("intermediate revoked", good, [of_middle, top_revokes], True, 1),
        ("list by another key", good, [foreign], False, 1),
    ):
        yield Case(title, target, [root], [middle], lists=lists, all_lists=whole, days=days)
        yield Case(f"server: {title}", target, [root], [middle], lists=lists, all_lists=whole, days=days, purpose="server")
    yield Case("issuer may not sign lists", make.leaf(mute), [root], [mute], lists=[by_mute])
    yield Case("authority not revoked", middle, [root], lists=[of_root])
    yield Case("authority revoked", middle, [root], lists=[top_revokes])


def of_hsum(directories):
    """The certificates that hsum made."""
    def at(directory, name):
        return Certificate(directory / name)

    for one, other in itertools.product(directories, directories):
        for name, purpose in itertools.product(("localhost.pem", "alice.pem"), (None, "server", "client")):
            for chain in ([at(one, "inter.pem")], []):
                title = f"hsum: {one.name}/{name} for {purpose} below {other.name} with {len(chain)}"
                yield Case(title, at(one, name), [at(other, "root/ca.crt")], chain, purpose=purpose)
    for days, host in itertools.product((-1, 1, 80, 100, 4000), ("localhost", "127.0.0.1", "::1", "example.org")):
        one = directories[0]
        yield Case(f"hsum: {host} at day {days}", at(one, "localhost.pem"), [at(one, "root/ca.crt")],
                   [at(one, "inter.pem")], host=host, days=days)


def compare(judged, hsum, work, directories):
    """Asks both about every chain; returns the number of chains."""
    make = Maker(pathlib.Path(work))
    root = make.root()
    cases = list(of_hsum(directories))
    for family in (names, purposes, authorities, times, signatures, algorithms, constraints, revocations):
        cases += family(make, root)
    now = time.time() + 60

    def ask(case):
        return case.by_openssl(now), case.by_hsum(hsum, now)

    used = set()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for case, (theirs, ours) in zip(cases, pool.map(ask, cases)):
            verdicts = theirs.returncode == 0, ours.returncode == 0
            expected = verdicts[0] == verdicts[1]
            if case.rule:
                used.add(case.rule)
                expected = verdicts == ((False, True) if case.rule in LAXER else (True, False))
            what = f"{case.title}: openssl {'accepts' if verdicts[0] else 'rejects'}, hsum {'accepts' if verdicts[1] else 'rejects'}"
            judged.check(what, expected and ours.returncode in (0, 1), ours if verdicts[0] else theirs)
            if ours.returncode == 1:
                judged.check(f"{case.title}: a reason", "FAILED (" in ours.stdout, ours)
    judged.check(f"rules without a case: {set(STRICTER) | set(LAXER) ^ used}", used == set(STRICTER) | set(LAXER))
    return len(cases)
